"""What the engines ask where a scenario holds more than one fixed GET: bodies, rows, weights, alternatives, holes."""

import itertools
import json
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness import rendering
from harness.engines.address import drive_address, open_page
from harness.engines.connection import ConnectionEngine
from harness.engines.fasthttp import FastHttpEngine
from harness.model import Content, Draw, ErrorCause, Expectation, Recording, Request, Scenario, Turn
from tests.engine_servers import (
    CONNECTIONS,
    PLACEMENT,
    SCENARIO,
    Behaviour,
    Heard,
    plan,
    replies,
    says,
    served,
    targets,
    unused_port,
)

ENGINES = [ConnectionEngine, FastHttpEngine]
DONE = Expectation(json_body={"status": "done"})
SAYS_DONE = says(200, b'{"status": "done"}')
NEWCOMERS = Request(
    name="newcomer",
    method="POST",
    path="/users",
    body={"email": "{newcomer.email}", "password": "{newcomer.password}"},
    draw=Draw(of="newcomer", count=40, once=True),
    expect=DONE,
)


def scenario(*requests: Request) -> Scenario:
    return SCENARIO.model_copy(update={"name": "asked", "requests": requests})


def driven(
    engine: Any, asked: Scenario, behave: Behaviour, tmp_path: Path, *turns: Turn, **changes: Any
) -> list[Recording]:
    with served(behave) as address:
        wanted = turns or (Turn(contender="x", round=0),)
        log = tmp_path / "logs" / "x.log"
        return list(engine().drive(targets({"x": address}, asked), plan(**changes), wanted, PLACEMENT, log))


class Listening:
    """Remembers what it is asked, and answers the same to all."""

    def __init__(self, answer: bytes = SAYS_DONE, pause_s: float = 0.002) -> None:
        self.answer = answer
        self.pause_s = pause_s
        self.heard: list[Heard] = []

    def __call__(self, request: Heard) -> bytes:
        self.heard.append(request)
        time.sleep(self.pause_s)
        return self.answer

    @property
    def behaviour(self) -> Behaviour:
        return replies(self)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_contender_is_asked_its_own_scenario(engine: Any, tmp_path: Path) -> None:
    asked = scenario(Request(name="other", path="/other", expect=DONE))
    one, two = Listening(says(200, b'{"message": "Hello"}')), Listening()
    with served(one.behaviour) as first, served(two.behaviour) as second:
        both = {**targets({"a": first}), **targets({"b": second}, asked)}
        turns = [Turn(contender=label, round=0) for label in both]
        found = list(engine().drive(both, plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"))
    assert [recording.errors for recording in found] == [{}, {}]
    assert {request.path for request in one.heard} == {"/hello"}
    assert {request.path for request in two.heard} == {"/other"}


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_are_taken_in_turn_by_all_users_together(engine: Any, tmp_path: Path) -> None:
    items = Request(name="item", path="/items/{item.id}", draw=Draw(of="item", count=30), expect=DONE)
    server = Listening()
    (found,) = driven(engine, scenario(items), server.behaviour, tmp_path, seed=7)
    asked = Counter(request.path for request in server.heard)
    assert found.errors == {}
    assert set(asked) == {request.path for request in rendering.for_load(items, 7)}
    assert max(asked.values()) - min(asked.values()) <= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_body_arrives_whole_and_so_do_headers(engine: Any, tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer {user.token}"}
    body = {"name": "Zoë 🦉", "user": "{user.id}"}
    asked = Request(
        name="new", method="POST", path="/new", headers=headers, body=body, padding=9, draw=Draw(of="user"), expect=DONE
    )
    text = Request(name="text", method="PUT", path="/text", text='{"naïve": ', expect=DONE)
    none = Request(name="none", method="POST", path="/none", expect=DONE)
    server = Listening()
    (found,) = driven(engine, scenario(asked, text, none), server.behaviour, tmp_path)
    assert found.errors == {}
    heard = {request.path: request for request in server.heard}
    (rendered,) = rendering.for_load(asked, plan().seed)
    assert json.loads(heard["/new"].body) == rendered.body
    assert heard["/new"].body.endswith(b"}" + 9 * b" ")
    assert heard["/new"].headers["content-type"] == "application/json"
    assert heard["/new"].headers["authorization"] == rendered.headers["Authorization"]
    assert heard["/text"].body == '{"naïve": '.encode()
    assert (heard["/none"].body, heard["/none"].headers["content-length"]) == (b"", "0")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_asked_once_is_never_asked_twice_by_anybody_in_any_turn(engine: Any, tmp_path: Path) -> None:
    server = Listening(pause_s=0.05)
    turns = [Turn(contender="x", round=index) for index in range(2)]
    found = driven(engine, scenario(NEWCOMERS), server.behaviour, tmp_path, *turns)
    asked = [request.body for request in server.heard]
    assert [recording.ran_out for recording in found] == [None, None]
    assert len(set(asked)) == len(asked) == sum(recording.answered for recording in found) > 2 * CONNECTIONS
    verified = {rendering.payload(request) for request in rendering.for_verifying(NEWCOMERS, plan().seed)}
    assert not verified & set(asked)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_turn_that_runs_out_of_rows_ends_without_a_wrong_answer(engine: Any, tmp_path: Path) -> None:
    server = Listening()
    turns = [Turn(contender="x", round=index) for index in range(2)]
    first, second = driven(engine, scenario(NEWCOMERS), server.behaviour, tmp_path, *turns)
    assert (first.ran_out, first.errors, first.answered) == ("newcomer", {}, 40)
    assert (second.ran_out, second.errors, second.answered) == ("newcomer", {}, 0)


def test_a_window_of_open_loop_that_runs_out_of_rows_ends_too(tmp_path: Path) -> None:
    turns = [Turn(contender="x", round=1, share=0.5, rate_per_s=200.0)]
    (found,) = driven(ConnectionEngine, scenario(NEWCOMERS), Listening().behaviour, tmp_path, *turns, open_s=1.0)
    assert (found.ran_out, found.errors, found.answered) == ("newcomer", {}, 40)


def limits(every: int) -> Behaviour:
    """Refuses all but each `every`-th request."""
    numbers = itertools.count(1)
    lock = threading.Lock()

    def reply(_: Heard) -> bytes:
        with lock:
            number = next(numbers)
        if number % every == 0:
            return SAYS_DONE
        return says(429, b'{"error": "too many"}', f"Retry-After: {number % 60}\r\n")

    return replies(reply)


LIMITED = Request(
    name="limited",
    path="/limited",
    expect=DONE,
    alternatives={
        "refused": Expectation(status=429, headers={"Retry-After": "<integer>"}, json_body={"error": "too many"})
    },
)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_alternative_is_a_right_answer_that_is_counted_apart(engine: Any, tmp_path: Path) -> None:
    (found,) = driven(engine, scenario(LIMITED), limits(5), tmp_path)
    assert found.errors == {}
    assert found.counted > 0
    assert found.alternatives == {"refused": found.answered - found.answered // 5}
    assert found.by_request == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_alternatives_of_one_status_are_told_apart_by_their_headers(engine: Any, tmp_path: Path) -> None:
    hit, miss = (DONE.model_copy(update={"headers": {"X-Cache": kind}}) for kind in ("hit", "miss"))
    cached = Request(name="cached", path="/cached", expect=hit, alternatives={"missed": miss})
    numbers = itertools.count(1)

    def reply(_: Heard) -> bytes:
        kind = "miss" if next(numbers) % 4 == 0 else "hit"
        return says(200, b'{"status": "done"}', f"X-Cache: {kind}\r\n")

    (found,) = driven(engine, scenario(cached), replies(reply), tmp_path)
    assert found.errors == {}
    assert found.alternatives["missed"] == pytest.approx(found.answered / 4, abs=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_load_has_several_requests_their_answers_are_counted_by_name(engine: Any, tmp_path: Path) -> None:
    often = Request(name="often", path="/often", weight=3, expect=DONE)
    asked = scenario(often, LIMITED)
    (found,) = driven(engine, asked, Listening().behaviour, tmp_path)
    assert (found.errors, found.alternatives) == ({}, {})
    assert sum(found.by_request.values()) == found.answered
    assert found.by_request["often"] == pytest.approx(3 * found.by_request["limited"], abs=3 * CONNECTIONS)


def test_an_answer_whose_headers_are_not_the_expected_ones_is_wrong(tmp_path: Path) -> None:
    cached = Request(name="top", path="/top", expect=DONE.model_copy(update={"headers": {"X-Cache": "hit"}}))
    (right,) = driven(
        ConnectionEngine,
        scenario(cached),
        Listening(says(200, b'{"status": "done"}', "x-cache: hit\r\n")).behaviour,
        tmp_path,
    )
    assert right.errors == {}
    (wrong,) = driven(ConnectionEngine, scenario(cached), Listening().behaviour, tmp_path)
    assert set(wrong.errors) == {ErrorCause.BODY}
    assert wrong.first_error == "body: no header X-Cache"


def test_holes_take_what_differs_from_answer_to_answer(tmp_path: Path) -> None:
    numbers = itertools.count()
    expect = Expectation(json_body={"id": "<integer>", "at": "<time>"})
    asked = scenario(Request(name="new", path="/new", expect=expect))

    def reply(_: Heard) -> bytes:
        return says(200, b'{"id": %d, "at": "2026-01-01T00:00:00Z"}' % next(numbers))

    (found,) = driven(ConnectionEngine, asked, replies(reply), tmp_path)
    assert (found.errors, found.answered) == ({}, next(numbers))


def streamed(body: bytes) -> bytes:
    """In pieces of 64 KiB."""
    head = b"HTTP/1.1 200 X\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_a_stream_of_bytes_is_right_or_wrong_to_its_last_byte_however_often_it_was_right(tmp_path: Path) -> None:
    body = bytes(range(256)) * 4096
    content = Content(size_bytes=len(body), crc32=zlib.crc32(body))
    expect = Expectation(media_type="application/octet-stream", content=content)
    right, wrong, numbers = streamed(body), streamed(body[:-1] + b"?"), itertools.count(1)

    def reply(_: Heard) -> bytes:
        return right if next(numbers) % 5 else wrong

    asked = scenario(Request(name="stream", path="/stream", expect=expect))
    (found,) = driven(ConnectionEngine, asked, replies(reply), tmp_path, request_timeout_s=5.0)
    assert set(found.errors) == {ErrorCause.BODY}
    sent = next(numbers) - 1
    assert (found.answered, found.errors[ErrorCause.BODY]) == (sent - sent // 5, sent // 5)
    assert sent // 5 > 0


def too_large(connection: socket.socket) -> None:
    """Answers 413 as soon as it has read the head, reads no more, and closes: the rest is thrown away."""
    connection.recv(1000)
    connection.sendall(says(413, b"{}", "Connection: close\r\n"))


@pytest.mark.parametrize("padding", [70_000, 20_000_000])
@pytest.mark.parametrize("wait", ["sleep", "spin"])
def test_an_answer_that_comes_before_the_body_was_read_is_the_answer(tmp_path: Path, padding: int, wait: str) -> None:
    refused = Expectation(status=413, json_body={})
    asked = scenario(Request(name="large", method="POST", path="/", body={}, padding=padding, expect=refused))
    (found,) = driven(ConnectionEngine, asked, too_large, tmp_path, wait=wait, request_timeout_s=5.0)
    assert found.errors == {}
    assert found.answered > CONNECTIONS
    assert found.connections == 0


def test_a_body_that_does_not_go_at_once_goes_piece_by_piece(tmp_path: Path) -> None:
    asked = scenario(Request(name="large", method="POST", path="/", body={}, padding=20_000_000, expect=DONE))
    server = Listening(pause_s=0)
    (found,) = driven(ConnectionEngine, asked, server.behaviour, tmp_path, request_timeout_s=5.0)
    assert (found.errors, found.reconnects) == ({}, 0)
    assert found.answered >= CONNECTIONS
    assert {len(request.body) for request in server.heard} == {20_000_002}


def _echoes(request: Heard) -> bytes:
    return says(200, json.dumps({"input": request.body.decode(), "headers": request.headers}).encode())


def _repeats_as_garbage(request: Heard) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + request.body + request.headers["authorization"].encode() + b"\r\n\r\n"


@pytest.mark.parametrize("reply", [_echoes, _repeats_as_garbage])
def test_what_is_told_of_a_wrong_answer_holds_no_secret_of_the_request(tmp_path: Path, reply: Any) -> None:
    asked = Request(
        name="login",
        method="POST",
        path="/login",
        headers={"Authorization": "Bearer {user.token}", "X-Api-Key": "abcdefg"},
        body={"email": "{user.email}", "password": 'quite "secret" é\\'},
        draw=Draw(of="user", count=3),
        expect=DONE,
    )
    (found,) = driven(ConnectionEngine, scenario(asked), replies(reply), tmp_path)
    assert found.first_error is not None
    assert "secret>" in found.first_error
    assert not any(part in found.first_error for part in ("quite", "eyJ", "abcdefg"))


def test_one_address_says_what_was_counted_apart_and_that_its_rows_ran_out(tmp_path: Path) -> None:
    def drive(asked: Scenario, behave: Behaviour) -> Any:
        with served(behave) as (host, port):
            return drive_address(
                host,
                port,
                asked,
                connections=CONNECTIONS,
                duration_s=0.5,
                wait="sleep",
                placement=PLACEMENT,
                log=tmp_path / "logs" / "x.log",
            )

    limited = drive(scenario(LIMITED), limits(5))
    assert limited.ran_out is None
    assert limited.alternatives["refused"] == pytest.approx(0.8 * limited.answered, abs=2)
    assert drive(scenario(NEWCOMERS), Listening().behaviour).ran_out == "newcomer"


def page_of(asked: Scenario, behave: Behaviour, tmp_path: Path, *paths: str) -> Iterator[Any]:
    """What Locust's page shows after a while."""
    with (
        served(behave) as (host, port),
        open_page(
            host,
            port,
            asked,
            connections=CONNECTIONS,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
            page_port=unused_port(),
        ) as url,
    ):
        time.sleep(2.5)
        for path in paths:
            yield httpx.get(f"{url}{path}", trust_env=False).raise_for_status().json()


def test_locust_s_page_takes_scenarios_with_rows(tmp_path: Path) -> None:
    items = Request(name="item", path="/items/{item.id}", draw=Draw(of="item", count=30), expect=DONE)
    (shown,) = page_of(scenario(items, LIMITED), limits(1), tmp_path, "stats/requests")
    assert (shown["state"], shown["fail_ratio"], shown["user_count"]) == ("running", 0, CONNECTIONS)
    assert shown["stats"][-1]["num_requests"] > 100


def test_locust_s_page_stops_and_says_why_when_rows_run_out(tmp_path: Path) -> None:
    stats, exceptions = page_of(scenario(NEWCOMERS), Listening().behaviour, tmp_path, "stats/requests", "exceptions")
    assert (stats["state"], stats["fail_ratio"]) == ("stopped", 0)
    assert stats["stats"][-1]["num_requests"] == 40
    (said,) = exceptions["exceptions"]
    assert "ran out of rows for `newcomer`" in said["msg"]
