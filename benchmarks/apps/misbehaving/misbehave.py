"""A small HTTP server that keeps the contract of the scenario `json`, but for one misbehaviour.

Usage: misbehave.py HOST PORT WORKERS HOW. `HOW` is a key of BEHAVIOURS. A worker that dies is replaced.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
import time
import tomllib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

SCENARIO = Path(__file__).resolve().parents[3] / "scenarios" / "json.toml"
HEAD_END = b"\r\n\r\n"
PIECES = 100  # of work for an answer: the server is the limit, as with a framework
NOW_AND_THEN = 50  # answers: more than any check before the load asks for
SLOW_S = 0.4  # more turnovers of it than a slice holds
STALL_S, STALL_EVERY = 3.0, 120  # rare enough for the 99th percentile not to see it, long enough for the mean
EATEN_BYTES, EATEN_MOST = 100_000, 400_000_000  # an answer, and in all: where no limit holds it must end
TIRED_AFTER_S = 10.0
COLLECTED_S, COLLECTION_S = 0.5, 0.15  # CPU seconds of answering: more than the warm-up takes
RESTART_S = 0.1

asked = itertools.count(1)
connected = itertools.count()
hoard: list[bytes] = []
turning_points_s: list[float] = []
waiting: list[Callable[[], None]] = []


def main(host: str, port: int, workers: int, how: str) -> None:
    """Serve until told to end, with so many processes beside this one."""
    listener = socket.create_server((host, port), backlog=2048)
    children: set[int] = set()
    signal.signal(signal.SIGTERM, lambda *_: stop(children))
    while True:
        while len(children) < workers:
            children.add(spawn(listener, how))
        ended, _ = os.wait()
        children.discard(ended)
        time.sleep(RESTART_S)


def age_s(pid: int) -> float:
    """How long a process has lived (proc(5))."""
    started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def spawn(listener: socket.socket, how: str) -> int:
    """Serve in another process, and say which."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asyncio.run(serve(listener, how))
    return pid


def stop(children: set[int]) -> None:
    """End every worker, at once."""
    for child in children:
        os.kill(child, signal.SIGTERM)
    os._exit(0)


async def serve(listener: socket.socket, how: str) -> None:
    """Answer whoever speaks, for ever."""
    answers = load_answers()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answers, how), sock=listener)
    await server.serve_forever()


class Connection(asyncio.Protocol):
    """Cuts what arrives into requests, and answers them as it pleases."""

    def __init__(self, answers: dict[bytes, bytes], how: str) -> None:
        self.answers = answers
        self.behave = BEHAVIOURS[how]
        self.number = next(connected)
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        *heads, self.rest = (self.rest + data).split(HEAD_END)
        for head in heads:
            work(PIECES)
            self.behave(self, self.answers.get(head.partition(b" HTTP/")[0], b""))

    def later(self, seconds: float, answer: bytes) -> None:
        """Answer after so many seconds."""
        asyncio.get_running_loop().call_later(seconds, self.transport.write, answer)

    def last(self, answer: bytes) -> None:
        """Answer, and close."""
        self.transport.write(answer)
        self.transport.close()


def work(pieces: float) -> None:
    """Do what a framework might."""
    json.dumps([{"turn": turn} for turn in range(int(pieces))])


def load_answers() -> dict[bytes, bytes]:
    """Render the answer to every request of the scenario, by method and path."""
    requests = tomllib.loads(SCENARIO.read_text("utf-8"))["requests"]
    return {
        f"{request.get('method', 'GET')} {request['path']}".encode(): render(**request["expect"])
        for request in requests
    }


def render(status: int, json_body: Any) -> bytes:
    """Render one answer."""
    body = json.dumps(json_body).encode()
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


# Behaviours ----------------------------------------------------------------------------------------------------------


def well(connection: Connection, answer: bytes) -> None:
    """Answer at once."""
    connection.transport.write(answer)


def fails(connection: Connection, answer: bytes) -> None:
    """Answer 500 now and then."""
    now = next(asked) % NOW_AND_THEN == 0
    connection.transport.write(render(500, {"error": "sorry"}) if now else answer)


def lies(connection: Connection, answer: bytes) -> None:
    """Give a wrong body of the right length now and then."""
    now = next(asked) % NOW_AND_THEN == 0
    connection.transport.write(answer.replace(b"Hello", b"Hullo") if now else answer)


def cuts(connection: Connection, answer: bytes) -> None:
    """Cut an answer off now and then."""
    if next(asked) % NOW_AND_THEN == 0:
        connection.last(answer[:-3])
    else:
        connection.transport.write(answer)


def closes(connection: Connection, answer: bytes) -> None:
    """Close after each answer, and say so."""
    connection.last(answer.replace(HEAD_END, b"\r\nconnection: close" + HEAD_END, 1))


def vanishes(connection: Connection, answer: bytes) -> None:
    """Close after each answer without a word."""
    connection.last(answer)


def waves(connection: Connection, answer: bytes) -> None:
    """Let all wait, and answer them all at once."""
    if not waiting:
        asyncio.get_running_loop().call_later(SLOW_S, flush)
    waiting.append(lambda: connection.transport.write(answer))


def flush() -> None:
    """Answer all who wait."""
    for give in waiting:
        give()
    waiting.clear()


def favours(connection: Connection, answer: bytes) -> None:
    """Let every other connection wait long."""
    connection.later(SLOW_S * (connection.number % 2), answer)


def stalls(connection: Connection, answer: bytes) -> None:
    """Let a rare request wait very long."""
    connection.later(0 if next(asked) % STALL_EVERY else STALL_S, answer)


def eats(connection: Connection, answer: bytes) -> None:
    """Keep something of every request for ever."""
    if len(hoard) * EATEN_BYTES < EATEN_MOST:
        hoard.append(b"x" * EATEN_BYTES)
    connection.transport.write(answer)


def tires(connection: Connection, answer: bytes) -> None:
    """Do more work the longer the run is: the more, the older the process is that launched this server."""
    work(PIECES * TIREDNESS)
    connection.transport.write(answer)


def collects(connection: Connection, answer: bytes) -> None:
    """At the first answer and once more, after so much work, stand still, as for a collection of garbage."""
    now_s = time.process_time()
    if not turning_points_s or (len(turning_points_s) == 1 and now_s > turning_points_s[0] + COLLECTED_S):
        turning_points_s.append(now_s)
        time.sleep(COLLECTION_S)
    connection.transport.write(answer)


BEHAVIOURS: dict[str, Callable[[Connection, bytes], None]] = {
    one.__name__: one
    for one in (well, fails, lies, cuts, closes, vanishes, waves, favours, stalls, eats, tires, collects)
}

TIREDNESS = 1 + age_s(os.getppid()) / TIRED_AFTER_S


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
