"""The engine's other two kinds of turns, over real sockets: duets, and open loop at a fixed rate."""

import socket
import threading
import time
from pathlib import Path

import pytest

from harness import histogram
from harness.engines.connection import ConnectionEngine
from harness.model import ErrorCause, Histogram, Recording, Turn
from tests.engine_servers import (
    BEHAVIOURS,
    CONNECTIONS,
    GOOD,
    PLACEMENT,
    Behaviour,
    answers,
    heard,
    plan,
    served,
    targets,
)

pytestmark = pytest.mark.alone

RATE = 200.0
WINDOW_S = 2.0


def counted(opened: list[int], behave: Behaviour) -> Behaviour:
    def count(connection: socket.socket) -> None:
        opened.append(1)
        behave(connection)

    return count


def stalling(from_s: float, to_s: float) -> Behaviour:
    """Answers at once, but to nobody between these moments after the first request."""
    born: list[float] = []

    def behave(connection: socket.socket) -> None:
        for _ in heard(connection):
            born.append(time.monotonic())
            if from_s < time.monotonic() - born[0] < to_s:
                time.sleep(max(0.0, born[0] + to_s - time.monotonic()))
            connection.sendall(GOOD)

    return behave


def p(share: float, latency: Histogram) -> float:
    return histogram.quantiles(latency, [share])[0]


@pytest.mark.parametrize("wait", ["sleep", "spin"])
def test_a_duet_loads_both_at_the_same_time_over_the_connections_that_they_have(tmp_path: Path, wait: str) -> None:
    opened: dict[str, list[int]] = {"a": [], "b": []}
    with served(counted(opened["a"], answers(GOOD))) as a, served(counted(opened["b"], answers(GOOD))) as b:
        turns = [
            *(Turn(contender=label, round=0) for label in ("a", "b")),
            Turn(contender="a", beside="b", round=1),
            Turn(contender="b", beside="a", round=1),
            Turn(contender="a", round=1),
        ]
        drive = ConnectionEngine().drive(
            targets({"a": a, "b": b}), plan(duet_s=1.0, wait=wait), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        found = list(drive)
    assert [one.contender for one in found] == ["a", "b", "a", "b", "b", "a", "a"]
    assert all(one.answered and not one.errors and one.connections == CONNECTIONS for one in found)
    assert [len(one) for one in opened.values()] == [CONNECTIONS, CONNECTIONS]
    both = found[2:4]
    assert both[0].started_at == both[1].started_at
    assert all(one.duration_s >= 1.0 for one in both)


def test_a_duet_with_a_server_that_fails_says_so_of_that_one_only(tmp_path: Path) -> None:
    with served(answers(GOOD)) as good, served(BEHAVIOURS["failing"]) as bad:
        turns = [Turn(contender="good", beside="bad", round=1)]
        good_one, bad_one = ConnectionEngine().drive(
            targets({"good": good, "bad": bad}), plan(duet_s=1.0), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
    assert good_one.errors == {}
    assert good_one.answered
    assert set(bad_one.errors) == {ErrorCause.STATUS}
    assert bad_one.answered == 0


def open_loop(behave: Behaviour, tmp_path: Path, rate_per_s: float = RATE, request_timeout_s: float = 3.0) -> Recording:
    with served(behave) as address:
        turns = [Turn(contender="x", round=0), Turn(contender="x", round=1, share=0.5, rate_per_s=rate_per_s)]
        settings = plan(open_s=WINDOW_S, request_timeout_s=request_timeout_s)
        _, found = ConnectionEngine().drive(
            targets({"x": address}), settings, turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
    assert found.paced
    return found


def test_open_loop_sends_what_is_due_and_no_more(tmp_path: Path) -> None:
    asked: list[float] = []
    lock = threading.Lock()

    def behave(connection: socket.socket) -> None:
        for _ in heard(connection):
            with lock:
                asked.append(time.monotonic())
            connection.sendall(GOOD)

    found = open_loop(behave, tmp_path)
    due = int(RATE * WINDOW_S)
    sent = asked[-due:]
    assert found.paced
    assert (found.paced.due, found.answered, found.errors) == (due, due, {})
    assert sent[-1] - sent[0] == pytest.approx(WINDOW_S, abs=0.3)
    assert sum(found.paced.lag.counts) + found.paced.queued == due
    assert found.paced.share == 0.5
    assert found.busy is None


def test_a_stall_is_charged_to_all_who_would_have_waited(tmp_path: Path) -> None:
    found = open_loop(stalling(0.75, 1.25), tmp_path)
    assert found.paced
    assert found.errors == {}
    assert found.paced.queued > 0.2 * found.paced.due, "nobody was free while the server stalled, a quarter of the time"
    assert p(0.9, found.latency) > 0.2, "who came in the first half of the stall waited for the second, at least"


def test_a_server_that_cannot_keep_the_rate_is_seen_not_to(tmp_path: Path) -> None:
    slow = answers(GOOD, pause_s=0.04)
    found = open_loop(slow, tmp_path, rate_per_s=1.5 * CONNECTIONS / 0.04)
    assert found.paced
    assert found.answered == found.paced.due
    assert found.paced.in_time < 0.8 * found.paced.due
    assert p(0.99, found.latency) > 0.5, "the backlog waits longer and longer"


def test_a_server_that_hangs_ends_a_window_with_time_outs(tmp_path: Path) -> None:
    found = open_loop(BEHAVIOURS["hangs"], tmp_path, rate_per_s=20.0, request_timeout_s=0.3)
    assert found.paced
    assert set(found.errors) == {ErrorCause.TIMEOUT}
    assert found.errors[ErrorCause.TIMEOUT] == found.paced.due
    assert found.paced.in_time == 0


def test_connections_that_the_server_closed_while_nothing_was_due_are_opened_again(tmp_path: Path) -> None:
    def closes_soon(connection: socket.socket) -> None:
        connection.settimeout(0.2)
        answers(GOOD)(connection)

    found = open_loop(closes_soon, tmp_path, rate_per_s=4.0)
    assert found.paced
    assert (found.errors, found.answered) == ({}, found.paced.due)
    assert found.reconnects > 0
