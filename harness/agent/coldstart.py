"""Decides when a server has started: the first connection, and the first correct answer, on one clock."""

from __future__ import annotations

import contextlib
import errno
import http.client
import io
import json
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import AgentError

_RETRY_S = 0.001
_LOOK_S = 0.1  # how often to look, while an answer is awaited, whether the server still lives
_MOST_BYTES = 1 << 20
_SHOWN = 200
_INTERIM = re.compile(rb"\A(HTTP/1\.\d 1\d\d .*?\r\n\r\n)+", re.DOTALL)

Wait = Callable[[float, int | None, int], None]


@dataclass(frozen=True)
class Question:
    """A request, and the answer it must get."""

    method: str
    path: str
    status: int
    media_type: str
    json_body: Any


@dataclass(frozen=True)
class Moments:
    """When a connection was first accepted, and when the last byte of the first correct answer was read (monotonic)."""

    listening_ns: int
    ready_ns: int


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    media_type: str
    body: bytes


def first_answer(address: tuple[str, int], question: Question, wait: Wait) -> Moments:
    """Connect, again every millisecond until it works; ask; and wait for the answer for as long as `wait` allows.

    A connection that the server closes without a byte is asked again: so does a server that is not up yet.
    Raises AgentError with what came, if it is not what `question` expects.
    """
    listening_ns = None
    while True:
        with contextlib.closing(_connected(address, wait)) as connection:
            listening_ns = listening_ns or time.monotonic_ns()
            answer = _ask(connection, address, question, wait)
            ready_ns = time.monotonic_ns()
        if answer is not None:
            _check(question, answer)
            return Moments(listening_ns, ready_ns)
        wait(_RETRY_S, None, 0)


def _connected(address: tuple[str, int], wait: Wait) -> socket.socket:
    while True:
        connection = socket.socket()
        connection.settimeout(0)
        try:
            if _connects(connection, address, wait):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        wait(_RETRY_S, None, 0)


def _connects(connection: socket.socket, address: tuple[str, int], wait: Wait) -> bool:
    code = connection.connect_ex(address)
    while code in {errno.EINPROGRESS, errno.EALREADY}:
        wait(_LOOK_S, connection.fileno(), select.POLLOUT)
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or _still_connecting(connection)
    return code == 0 and not _met_itself(connection)


def _still_connecting(connection: socket.socket) -> int:
    try:
        connection.getpeername()
    except OSError:
        return errno.EALREADY
    return 0


def _met_itself(connection: socket.socket) -> bool:
    """Whether the kernel drew the port that nobody listens on as the source port: a socket can connect to itself.

    Closing it in the usual way would keep that port from the server for a minute; lingering for 0 s resets it.
    """
    with contextlib.suppress(OSError):  # broken off already: asking will tell
        if connection.getsockname() == connection.getpeername():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
    return False


def _ask(connection: socket.socket, address: tuple[str, int], question: Question, wait: Wait) -> Answer | None:
    """The answer; None if the server closed the connection without a byte of one."""
    host, port = address
    head = f"{question.method} {question.path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    received = b""
    try:
        connection.send(head.encode())  # far smaller than any socket buffer: never cut short
        while True:
            wait(_LOOK_S, connection.fileno(), select.POLLIN)
            with contextlib.suppress(BlockingIOError):
                piece = connection.recv(65536)
                received += piece
                if not piece and not received:
                    return None
                if (answer := parse(received, ended=not piece)) is not None:
                    return answer
    except ConnectionError:
        if received:
            raise AgentError(f"broke the connection off after {received[:_SHOWN]!r}") from None
        return None


def parse(received: bytes, *, ended: bool) -> Answer | None:
    """The answer in these bytes, None while it is incomplete. Raises AgentError if it cannot become one."""
    if not (received.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(received)):
        raise AgentError(f"answered {received[:_SHOWN]!r}, which is not HTTP")
    if len(received) > _MOST_BYTES:
        raise AgentError(f"answered with more than {_MOST_BYTES} bytes")
    final = _INTERIM.sub(b"", received)
    answer = _complete(final, ended=ended) if b"\r\n\r\n" in final else None
    if answer is None and ended:
        raise AgentError(f"closed the connection in the middle of an answer: {received[:_SHOWN]!r}")
    return answer


def _complete(received: bytes, *, ended: bool) -> Answer | None:
    response = http.client.HTTPResponse(_Received(received))  # type: ignore[arg-type]  # all it takes is makefile
    try:
        response.begin()
        framed = response.length is not None or response.chunked
        body = response.read()
    except http.client.IncompleteRead:
        return None
    except (http.client.HTTPException, ValueError) as error:
        raise AgentError(f"answered {received[:_SHOWN]!r}, which is not HTTP: {error!r}") from error
    cut_in_trailer = response.chunked and not received.endswith(b"\r\n\r\n")  # http.client lets this pass
    if not ended and (cut_in_trailer or not framed):
        return None
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(response.status, media_type, body)


class _Received:
    """As much of a socket as http.client reads from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def _check(question: Question, answer: Answer) -> None:
    asked = f"answered {question.method} {question.path} with"
    shown = answer.body[:_SHOWN].decode(errors="replace")
    if answer.status != question.status:
        raise AgentError(f"{asked} status {answer.status} where {question.status} is expected: {shown!r}")
    if answer.media_type != question.media_type:
        raise AgentError(f"{asked} type {answer.media_type!r} where {question.media_type!r} is expected")
    if not _is_json(answer.body, question.json_body):
        raise AgentError(f"{asked} {shown!r} where {json.dumps(question.json_body)[:_SHOWN]} is expected")


def _is_json(body: bytes, expected: Any) -> bool:
    try:
        return alike(json.loads(body), expected)
    except ValueError:
        return False


def alike(one: Any, other: Any) -> bool:
    """Equal as JSON: up to the order of keys and the writing of numbers. Python's True == 1 is no equality here."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
