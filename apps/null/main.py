"""Answers with bytes rendered beforehand from the scenario files: the least that a server can do.

Usage: main.py HOST PORT WORKERS. It gives the ceiling of what a generator can measure, and the floor of latency.
Requests with bodies are not understood: no scenario has one.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import tomllib
from http import HTTPStatus
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
HEAD_END = b"\r\n\r\n"
READ_BYTES = 65_536
NOTHING = {"status": 404, "json_body": {"error": {"code": "not_found", "message": "There is nothing at this address."}}}

Answers = dict[bytes, bytes]


def main(host: str, port: int, workers: int) -> None:
    """Serve until told to end. Every worker has its own queue of connections, all made before the first is served."""
    answers = load_answers()
    listeners = [listen(host, port) for _ in range(workers)]
    children: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop(children))
    children += [spawn(listener, answers) for listener in listeners[1:]]
    serve(listeners[0], answers)


def load_answers() -> Answers:
    """Render the answer to every request of every scenario, by method and path; `b""`: to any other."""
    answers = {b"": render(NOTHING)}
    for path in sorted(SCENARIOS.glob("*.toml")):
        for request in tomllib.loads(path.read_text("utf-8"))["requests"]:
            key = f"{request.get('method', 'GET')} {request['path']}".encode("ascii")
            answers[key] = render(request["expect"])
    return answers


def render(expect: dict[str, Any]) -> bytes:
    """Render one answer."""
    status = HTTPStatus(expect.get("status", 200))
    body = json.dumps(expect["json_body"], separators=(",", ":")).encode() if "json_body" in expect else b""
    media_type = expect.get("media_type", "application/json")
    head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def listen(host: str, port: int) -> socket.socket:
    """Listen on a port that other workers listen on too: the kernel deals connections out among them."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(2048)
    listener.settimeout(0)
    return listener


def spawn(listener: socket.socket, answers: Answers) -> int:
    """Serve in another process, and say which."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(listener, answers)
    os._exit(0)


def stop(children: list[int]) -> None:
    """End every worker, at once."""
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)


def serve(listener: socket.socket, answers: Answers) -> None:
    """Answer whoever speaks, for ever. Works on bare descriptors: socket objects cost as much as the rest together."""
    poll = select.epoll() if hasattr(select, "epoll") else select.poll()
    poll.register(listener, select.POLLIN)
    rests: dict[int, bytes] = {}  # by connection: the beginning of a head whose end has not come yet
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == listener.fileno():
                accept(listener, poll, rests)
            elif not reply(descriptor, rests, answers):
                del rests[descriptor]
                poll.unregister(descriptor)
                os.close(descriptor)


def accept(listener: socket.socket, poll: Any, rests: dict[int, bytes]) -> None:
    """Take every connection that waits."""
    with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
        while True:
            connection, _ = listener.accept()
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            descriptor = connection.detach()
            rests[descriptor] = b""
            poll.register(descriptor, select.POLLIN)


def reply(descriptor: int, rests: dict[int, bytes], answers: Answers) -> bool:
    """Answer every request that has come whole. False: the client left, or does not take its answers."""
    try:
        received = os.read(descriptor, READ_BYTES)
        *heads, rests[descriptor] = (rests[descriptor] + received).split(HEAD_END)
        out = b"".join([answers.get(head.partition(b" HTTP/")[0]) or answers[b""] for head in heads])
        return bool(received) and len(rests[descriptor]) < READ_BYTES and os.write(descriptor, out) == len(out)
    except OSError:
        return False


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
