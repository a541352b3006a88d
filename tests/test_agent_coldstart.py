"""When an answer is complete, and when it is the right one."""

import socket
from typing import Any

import pytest

from harness.agent.coldstart import Answer, Question, _check, _met_itself, alike, parse
from harness.agent.errors import AgentError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
ANSWER = Answer(200, "application/json", b'{"a": 1}')


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(HEAD + b'Content-Length: 8\r\n\r\n{"a": 1}', id="a length"),
        pytest.param(HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n', id="chunks"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b'Content-Length: 8\r\n\r\n{"a": 1}', id="an interim answer"
        ),
    ],
)
def test_an_answer_is_complete_with_its_last_byte_and_not_before(whole: bytes) -> None:
    assert parse(whole, ended=False) == ANSWER
    assert all(parse(whole[:size], ended=False) is None for size in range(len(whole)))


def test_an_answer_without_length_ends_with_its_connection() -> None:
    whole = HEAD + b'\r\n{"a": 1}'
    assert parse(whole, ended=False) is None
    assert parse(whole, ended=True) == ANSWER


@pytest.mark.parametrize("received", [b"SSH-2.0-OpenSSH", b"<html>", b"HTTP/2 200\r\n\r\n", b"\x00"])
def test_what_is_not_http_is_refused_at_once(received: bytes) -> None:
    with pytest.raises(AgentError, match="not HTTP"):
        parse(received, ended=False)


def test_an_answer_cut_off_is_an_error() -> None:
    with pytest.raises(AgentError, match="in the middle"):
        parse(HEAD + b"Content-Length: 9\r\n\r\n{", ended=True)


def test_an_endless_answer_is_an_error() -> None:
    with pytest.raises(AgentError, match="more than 1048576 bytes"):
        parse(HEAD + b"\r\n" + b"x" * (1 << 20), ended=False)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ([1, 2], [1, 2, 3], False),
        ({"a": None}, {}, False),
        ({}, [], False),
        ("1", 1, False),
    ],
)
def test_json_is_alike_up_to_key_order_and_number_format(one: Any, other: Any, equal: bool) -> None:  # noqa: FBT001
    assert alike(one, other) == equal


def test_an_answer_of_null_is_compared_like_any_other() -> None:
    question = Question("GET", "/", 200, "application/json", None)
    _check(question, Answer(200, "application/json", b"null"))
    with pytest.raises(AgentError, match="where null is expected"):
        _check(question, ANSWER)


def test_a_connection_that_met_itself_is_told_from_a_real_one() -> None:
    with socket.socket() as own, socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as real:
        own.bind(("127.0.0.1", 0))
        own.connect(own.getsockname())
        real.connect(server.getsockname())
        assert _met_itself(own)
        assert not _met_itself(real)
