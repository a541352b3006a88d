"""Does a fixed amount of framework-like work per request: shows drift, and is the yardstick between machines.

Usage: main.py HOST PORT WORKERS [BURN]. FROZEN: changing anything here breaks the comparison with every earlier run.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
HEAD_END = b"\r\n\r\n"
NOTHING = {"status": 404, "json_body": {"error": {"code": "not_found", "message": "There is nothing at this address."}}}

# Pieces of work per request. Chosen on 22 November 2026 so that a request costs the server as much CPU time as it costs
# `fastapi@uvicorn` on `json` (about 121 us here): 20 to 36 alternating slices of 0.4 s under wrk with 100 connections,
# servers on one CPU and wrk on the other, gave 0.942 of it with 88 pieces (+- 0.009), 0.999 with 93 (+- 0.007) and
# 1.028 with 96 (+- 0.005). A piece more costs about 0.81 % more (0.72 to 0.94 in six comparisons), so what app.toml
# burns is 4.9 % (6 pieces) and 9.7 % (12 pieces).
PIECES = 93


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    headers: dict[str, str]
    state: dict[str, Any] = field(default_factory=dict)


@dataclass
class Response:
    """What is answered."""

    status: int
    value: Any
    headers: dict[str, str] = field(default_factory=dict)


Expectation = dict[str, Any]
Answers = dict[tuple[str, str], Expectation]
Endpoint = Callable[[Request], Awaitable[Response]]


def main(host: str, port: int, workers: int, burn: int) -> None:
    """Serve until told to end. Every worker has its own queue of connections, all made before the first is served."""
    app = make_app(load_answers(), PIECES + burn)
    listeners = [listen(host, port) for _ in range(workers)]
    children: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop(children))
    children += [spawn(listener, app) for listener in listeners[1:]]
    asyncio.run(serve(listeners[0], app))


# The app -------------------------------------------------------------------------------------------------------------


def load_answers() -> Answers:
    """Read the answer to every request of every scenario, by method and path."""
    answers = {}
    for path in sorted(SCENARIOS.glob("*.toml")):
        for request in tomllib.loads(path.read_text("utf-8"))["requests"]:
            answers[request.get("method", "GET"), request["path"]] = request["expect"]
    return answers


def make_app(answers: Answers, pieces: int) -> Endpoint:
    """Wrap the endpoint in layers, as frameworks do."""

    async def answer(request: Request) -> Response:
        expect = answers.get((request.method, request.path), NOTHING)
        media_type = expect.get("media_type", "application/json")
        return Response(expect.get("status", 200), expect.get("json_body"), {"content-type": media_type})

    return note_length(do_work(answer, pieces))


def do_work(inner: Endpoint, pieces: int) -> Endpoint:
    """Do so many pieces of work before passing the request on, and render what came of them as JSON."""

    async def layer(request: Request) -> Response:
        request.state["worked"] = json.dumps([do_piece(turn) for turn in range(pieces)])
        return await inner(request)

    return layer


def do_piece(turn: int) -> dict[str, Any]:
    """Build an object with a dict of its own, and pick from it. Takes nothing from the request: clients differ."""
    response = Response(200, turn, {"x-turn": "even" if turn % 2 else "odd"})
    return {"status": response.status, "turn": response.headers.get("x-turn")}


def note_length(inner: Endpoint) -> Endpoint:
    """Render the answer's value, and say how long it is."""

    async def layer(request: Request) -> Response:
        response = await inner(request)
        response.value = json.dumps(response.value, separators=(",", ":")).encode()
        response.headers["content-length"] = str(len(response.value))
        return response

    return layer


# The server ----------------------------------------------------------------------------------------------------------


class Connection(asyncio.Protocol):
    """Cuts what arrives into requests, and answers them in their order, one at a time."""

    def __init__(self, app: Endpoint) -> None:
        self.app = app
        self.rest = b""
        self.waiting: list[bytes] = []
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self.rest = (self.rest + data).split(HEAD_END)
        self.waiting += heads
        if self.waiting and (self.task is None or self.task.done()):
            self.task = asyncio.get_running_loop().create_task(self.answer_waiting())

    async def answer_waiting(self) -> None:
        """Answer every request that has come whole."""
        while self.waiting:
            response = await self.app(parse(self.waiting.pop(0)))
            self.transport.write(render(response))


def parse(head: bytes) -> Request:
    """Take the head of a request apart."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, after = first.partition(" ")
    path = after.partition(" ")[0]
    pairs = (line.partition(":") for line in lines)
    return Request(method, path, {name.lower(): value.strip() for name, _, value in pairs})


def render(response: Response) -> bytes:
    """Put an answer together."""
    status = HTTPStatus(response.status)
    lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{name}: {value}" for name, value in response.headers.items())]
    return "\r\n".join(lines).encode("latin-1") + HEAD_END + response.value


def listen(host: str, port: int) -> socket.socket:
    """Listen on a port that other workers listen on too: the kernel deals connections out among them."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def spawn(listener: socket.socket, app: Endpoint) -> int:
    """Serve in another process, and say which."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(listener, app))
    os._exit(0)


def stop(children: list[int]) -> None:
    """End every worker, at once."""
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)


async def serve(listener: socket.socket, app: Endpoint) -> None:
    """Answer whoever speaks, for ever."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(app), sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int((sys.argv[4:] or ["0"])[0]))
