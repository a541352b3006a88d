"""What an engine keeps, repeats and stores from turn to turn; one address alone; stock Locust; Locust's page."""

import socket
import time
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pytest

from harness.engines.address import drive_address, open_page
from harness.engines.connection import ConnectionEngine
from harness.engines.fasthttp import FastHttpEngine
from harness.errors import InputError
from harness.model import ErrorCause, Turn
from tests.engine_servers import (
    BEHAVIOURS,
    CONNECTIONS,
    GOOD,
    PLACEMENT,
    SCENARIO,
    answers,
    answers_once,
    generators,
    heard,
    plan,
    served,
    targets,
    unused_port,
)

pytestmark = pytest.mark.alone


def test_connections_are_kept_between_turns_and_made_anew_when_that_is_planned(tmp_path: Path) -> None:
    opened: list[int] = []

    def behave(connection: socket.socket) -> None:
        opened.append(1)
        answers(GOOD)(connection)

    with served(behave) as address:
        turns = [Turn(contender="good", round=index, renew=index == 2) for index in range(4)]
        drive = ConnectionEngine().drive(
            targets({"good": address}), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        counts = [len(opened) for recording in drive if recording.reconnects == 0]
    assert counts == [CONNECTIONS, CONNECTIONS, 2 * CONNECTIONS, 2 * CONNECTIONS]


def test_between_two_recordings_there_is_no_load(tmp_path: Path) -> None:
    asked: list[int] = []

    def behave(connection: socket.socket) -> None:
        for _ in heard(connection):
            asked.append(1)
            connection.sendall(GOOD)

    with served(behave) as address:
        turns = [Turn(contender="good", round=index) for index in range(2)]
        drive = ConnectionEngine().drive(
            targets({"good": address}), plan(wait="spin"), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        first = next(drive)
        (generator,) = generators()
        before, cpu_before = len(asked), sum(generator.cpu_times()[:2])
        time.sleep(0.5)
        assert len(asked) == before
        assert sum(generator.cpu_times()[:2]) - cpu_before < 0.1
        second = next(drive)
        assert list(drive) == []
    assert len(asked) == first.answered + second.answered
    assert 0 < first.generator_empty_s <= first.generator_cpu_s


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_was_closed_while_idle_is_opened_again_without_an_error(
    tmp_path: Path, method: Literal["GET", "POST"]
) -> None:
    """Also before a request that may not be repeated: nothing was asked over it yet."""
    asked = SCENARIO.requests[0].model_copy(update={"method": method})
    scenario = SCENARIO.model_copy(update={"requests": (asked,)})
    kept: list[socket.socket] = []

    def behave(connection: socket.socket) -> None:
        kept.append(connection)
        answers(GOOD)(connection)

    with served(behave) as address:
        turns = [Turn(contender="good", round=index) for index in range(2)]
        drive = ConnectionEngine().drive(
            targets({"good": address}, scenario), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        next(drive)
        for connection in kept:
            connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0.1)
        recording = next(drive)
        drive.close()
    assert recording.errors == {}
    assert recording.reconnects == CONNECTIONS


def test_a_request_that_may_not_be_repeated_is_not(tmp_path: Path) -> None:
    post = SCENARIO.requests[0].model_copy(update={"method": "POST"})
    scenario = SCENARIO.model_copy(update={"requests": (post,)})
    with served(answers_once(GOOD)) as address:
        turns = [Turn(contender="good", round=0)]
        (recording,) = ConnectionEngine().drive(
            targets({"good": address}, scenario), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
    assert set(recording.errors) == {ErrorCause.RESET}
    assert recording.answered > 0


def test_the_requests_of_a_scenario_take_turns_by_weight(tmp_path: Path) -> None:
    asked: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        for request in heard(connection):
            asked.append(request.split()[1])
            connection.sendall(GOOD)

    hello = SCENARIO.requests[0]
    often = hello.model_copy(update={"name": "often", "path": "/often", "weight": 3})
    never = hello.model_copy(update={"name": "never", "path": "/never", "weight": 0})
    scenario = SCENARIO.model_copy(update={"requests": (hello, often, never)})
    with served(behave) as address:
        turns = [Turn(contender="good", round=0)]
        asked_of = targets({"good": address}, scenario)
        list(ConnectionEngine().drive(asked_of, plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"))
    assert set(asked) == {b"/hello", b"/often"}
    assert asked.count(b"/often") == pytest.approx(3 * asked.count(b"/hello"), abs=3 + CONNECTIONS)


def test_raw_latencies_of_what_was_counted_are_stored_when_asked_for(tmp_path: Path) -> None:
    with served(answers(GOOD)) as address:
        turns = [Turn(contender="../good", round=0)]
        (recording,) = ConnectionEngine().drive(
            targets({"../good": address}), plan(samples=True), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
    (stored,) = (tmp_path / "samples").rglob("*.npy")
    samples_ns = np.load(stored)
    assert samples_ns.size == sum(recording.latency.counts)
    assert samples_ns.sum() * 1e-9 == pytest.approx(recording.latency.sum_s)


def test_one_address_is_driven_and_its_turns_merged(tmp_path: Path) -> None:
    with served(answers(GOOD, pause_s=0.005)) as (host, port):
        found = drive_address(
            host,
            port,
            SCENARIO,
            connections=CONNECTIONS,
            duration_s=1.2,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
        )
    assert found.requests_per_s is not None
    assert found.requests_per_s == pytest.approx(found.answered / found.duration_s, rel=0.1)
    assert list(found.latency_s.values()) == sorted(found.latency_s.values())
    assert found.errors == {}
    assert found.duration_s == pytest.approx(1.2, abs=0.3)


def test_stock_locust_is_stepped_through_the_same_turns(tmp_path: Path) -> None:
    with served(answers(GOOD)) as good, served(BEHAVIOURS["wrong body"]) as wrong:
        addresses = {"good": good, "wrong": wrong, "refused": ("127.0.0.1", unused_port())}
        turns = [Turn(contender=name, round=index) for index in range(2) for name in addresses]
        found = list(FastHttpEngine().drive(targets(addresses), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"))
    assert [(recording.contender, recording.round) for recording in found] == [(t.contender, t.round) for t in turns]
    for recording in found[::3]:
        assert recording.errors == {}
        assert recording.counted > 0
    assert found[1].errors == {}, "a stock user looks at the status only"
    assert set(found[2].errors) == {ErrorCause.CONNECT}


def test_locust_s_page_shows_what_the_users_do(tmp_path: Path) -> None:
    with (
        served(answers(GOOD, pause_s=0.005)) as (host, port),
        open_page(
            host,
            port,
            SCENARIO,
            connections=CONNECTIONS,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
            page_port=unused_port(),
        ) as url,
    ):
        time.sleep(2.5)
        shown = httpx.get(f"{url}stats/requests", trust_env=False).raise_for_status().json()
    assert shown["user_count"] == CONNECTIONS
    assert shown["fail_ratio"] == 0
    (entry, total) = shown["stats"]
    assert entry["num_requests"] == total["num_requests"] > 100
    assert 5 <= total["avg_response_time"] < 20, "each answer takes 5 ms, and a busy machine a little longer"
    assert generators() == []


def test_a_page_whose_port_is_taken_is_refused(tmp_path: Path) -> None:
    with (
        served(answers(GOOD)) as (host, port),
        pytest.raises(InputError, match=f"port {port} is taken") as caught,
        open_page(
            host,
            port,
            SCENARIO,
            connections=CONNECTIONS,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
            page_port=port,
        ),
    ):
        pass
    assert "--web-port" in caught.value.hint


@pytest.mark.parametrize("host", ["no such host", "a..b", "x" * 300])
def test_an_address_that_cannot_be_resolved_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(InputError, match="cannot be resolved"):
        drive_address(
            host,
            80,
            SCENARIO,
            connections=CONNECTIONS,
            duration_s=1,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
        )
