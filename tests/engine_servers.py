"""Small servers on real sockets, a thread for each connection: well-behaved ones, and every way of misbehaving."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple

import psutil

from harness.model import Expectation, Placement, Plan, Request, Scenario, Target

CONNECTIONS = 4
TIMEOUT_S = 0.4
TURN_S = 0.25
_BODY = b'{"message": "Hello"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = _HEAD + b"Content-Length: %d\r\n\r\n" % len(_BODY) + _BODY
_CHUNKED = (
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n" + _BODY[:5] + b"\r\nf\r\n" + _BODY[5:] + b"\r\n0\r\n\r\n"
)
PLACEMENT = Placement(server_cpus=(), generator_cpus=(), owns_core=False)
SCENARIO = Scenario(
    name="hello",
    about="",
    isolates="",
    leaves_out="",
    requests=(Request(name="hello", path="/hello", expect=Expectation(json_body={"message": "Hello"})),),
)


def plan(**changes: Any) -> Plan:
    chosen = {
        "scenario": "hello",
        "lineup": "test",
        "contenders": ("good",),
        "reference": "good",
        "connections": CONNECTIONS,
        "warm_s": TURN_S,
        "slice_min_s": TURN_S,
        "slice_max_s": TURN_S,
        "request_timeout_s": TIMEOUT_S,
        "wait": "sleep",
    }
    return Plan(**(chosen | changes))


def targets(addresses: Mapping[str, tuple[str, int]], scenario: Scenario = SCENARIO) -> dict[str, Target]:
    """The same is asked everywhere."""
    return {label: Target(host=host, port=port, scenario=scenario) for label, (host, port) in addresses.items()}


Behaviour = Callable[[socket.socket], None]


@contextmanager
def served(behave: Behaviour) -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    with closing(listener):
        threading.Thread(target=_accept, args=(listener, behave), daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, behave: Behaviour) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_run, args=(connection, behave), daemon=True).start()


def _run(connection: socket.socket, behave: Behaviour) -> None:
    with closing(connection), suppress(OSError):
        behave(connection)


def heard(connection: socket.socket) -> Iterator[bytes]:
    """Each request that comes; this client never sends one before it has the last one's answer."""
    while request := connection.recv(65536):
        yield request


class Heard(NamedTuple):
    """A whole request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def whole(connection: socket.socket) -> Iterator[Heard]:
    """Each request that comes, with its body."""
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            method, path, _ = line.decode("ascii").split(" ")
            pairs = (one.decode("ascii").rstrip().split(": ", 1) for one in iter(stream.readline, b"\r\n"))
            headers = {name.lower(): value for name, value in pairs}
            yield Heard(method, path, headers, stream.read(int(headers.get("content-length", 0))))


def says(status: int, body: bytes, more: str = "") -> bytes:
    """An answer of JSON."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answers_ahead(connection: socket.socket) -> None:
    """Answers the first request twice, and so every later one before it comes; seldom so fast that two come at once."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = whole(connection)
    next(requests)
    connection.sendall(GOOD)
    for _ in itertools.chain([None], requests):
        time.sleep(0.005)
        connection.sendall(GOOD)


def replies(reply: Callable[[Heard], bytes]) -> Behaviour:
    """Answers each whole request with what `reply` makes of it."""

    def behave(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in whole(connection):
            connection.sendall(reply(request))

    return behave


def answers(*pieces: bytes, pause_s: float = 0.0) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in heard(connection):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)

    return behave


def answers_once(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return behave


def _never_twice_the_same(connection: socket.socket) -> None:
    for number, _ in enumerate(heard(connection)):
        connection.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nX-Number: %d\r\n\r\n" % number))


def _gigabytes(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(_HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def _hangs(connection: socket.socket) -> None:
    for _ in heard(connection):
        pass


def _dies(after: int) -> Behaviour:
    """All connections together answer so often, and then nobody answers any more."""
    left = itertools.count(after, -1)

    def behave(connection: socket.socket) -> None:
        for _ in heard(connection):
            if next(left) <= 0:
                return
            connection.sendall(GOOD)

    return behave


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


BEHAVIOURS: dict[str, Behaviour] = {
    "good": answers(GOOD),
    "slow": answers(GOOD, pause_s=0.01),
    "head and body apart": answers(GOOD[:80], GOOD[80:]),
    "many pieces": answers(*(GOOD[place : place + 9] for place in range(0, len(GOOD), 9)), pause_s=0.001),
    "chunked": answers(_CHUNKED),
    "chunked in pieces": answers(_CHUNKED[:90], _CHUNKED[90:100], _CHUNKED[100:], pause_s=0.001),
    "interim": answers(b"HTTP/1.1 103 Early Hints\r\n\r\n", GOOD),
    "never twice the same": _never_twice_the_same,
    "says it closes": answers_once(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
    "closes silently": answers_once(GOOD),
    "ends by closing": answers_once(_HEAD + b"\r\n" + _BODY),
    "dies": _dies(100),
    "hangs": _hangs,
    "trickles": answers(*(bytes([byte]) for byte in GOOD), pause_s=0.05),
    "garbage": answers(b"\x1b[2J\0\xff" * 50),
    "gigabytes": _gigabytes,
    "cut off": answers_once(GOOD[:-3]),
    "says nothing": answers_once(b""),
    "wrong body": answers(GOOD.replace(b"Hello", b"Hullo")),
    "failing": answers(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno"),
    "still good": answers(GOOD),
}


def generators(parent: int | None = None) -> list[psutil.Process]:
    """The generator processes that this process, or another one, has started."""
    children = psutil.Process(parent).children()
    return [child for child in children if any("harness.engines" in word for word in child.cmdline())]
