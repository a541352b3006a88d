"""A server that answers late on purpose, and logs how late each answer really was. Standard library only.

Usage: delaying_server.py PORT LOG stall|mixture. Ended by SIGTERM it writes LOG: a JSON list of nanoseconds in the
order of the answers, each from the moment a request was read to the moment its answer went to the kernel.
"""

from __future__ import annotations

import heapq
import json
import random
import select
import signal
import socket
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

BODY = b'{"message":"Hello, World!"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
_MS = 1_000_000
_STALL_EVERY_NS, _STALL_NS = 5_000 * _MS, 1_000 * _MS
_MIXTURE = ((0.7, 1.0), (0.25, 6.0), (0.05, 40.0))  # share of the requests, mean delay in ms
_SPREAD = 0.2
_SPIN_NS = 2 * _MS
_clock = time.perf_counter_ns


def stall() -> Callable[[int], int]:
    """Answer at once, but for the last second of every five: then all wait for its end."""
    born = _clock()

    def delay_ns(now: int) -> int:
        left = _STALL_EVERY_NS - (now - born) % _STALL_EVERY_NS
        return left if left < _STALL_NS else 0

    return delay_ns


def mixture() -> Callable[[int], int]:
    """Draw a delay for each request: mostly short, now and then long."""
    source = random.Random(1)  # delays to be repeated
    shares, means = zip(*_MIXTURE, strict=True)

    def delay_ns(_now: int) -> int:
        (mean,) = source.choices(means, shares)
        return int(mean * source.uniform(1 - _SPREAD, 1 + _SPREAD) * _MS)

    return delay_ns


def serve(port: int, log: array[int], delay_ns: Callable[[int], int]) -> None:
    """Answer each request after its delay, for ever. Spins when an answer is due soon: epoll's timers are coarse."""
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    waiting: list[tuple[int, int, int]] = []  # when to answer, when read, to whom
    while True:
        for descriptor, _ in poll.poll(_patience_s(waiting)):
            if descriptor == listener.fileno():
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
            elif connections[descriptor].recv(65536):
                now = _clock()
                heapq.heappush(waiting, (now + delay_ns(now), now, descriptor))
            else:
                poll.unregister(descriptor)
                connections.pop(descriptor).close()
        while waiting and waiting[0][0] <= _clock():
            _, read_ns, descriptor = heapq.heappop(waiting)
            if descriptor in connections:
                connections[descriptor].send(ANSWER)
                log.append(_clock() - read_ns)


def _patience_s(waiting: list[tuple[int, int, int]]) -> float | None:
    if not waiting:
        return None
    left_ns = waiting[0][0] - _clock()
    return 0 if left_ns < _SPIN_NS else (left_ns - _SPIN_NS) / 1e9


def main(port: int, log_path: Path, behaviour: str) -> None:
    """Serve until told to end, then write the log."""
    log = array("q")

    def end(*_: object) -> None:
        log_path.write_text(json.dumps(log.tolist()))
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    serve(port, log, {"stall": stall, "mixture": mixture}[behaviour]())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
