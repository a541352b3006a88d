"""What a body of 1 MiB costs our generator: CPU time for each download in pieces, and for each upload.

A small server on CPU 1 streams and reads, the generator on CPU 0 asks. Rough: to compare before and after a change.
"""

from __future__ import annotations

import multiprocessing
import os
import socketserver
import statistics
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from harness.engines.connection import ConnectionEngine
from harness.model import Content, Expectation, Placement, Plan, Recording, Request, Scenario, Target, Turn

_CONNECTIONS, _ROUNDS, _SECONDS = 20, 8, 0.5
_GENERATOR_CPU, _SERVER_CPU = 0, 1
_PIECE = bytes(range(256)) * 256
_BODY = _PIECE * 16
_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1"
_ASKED = {
    "download": Request(
        name="download",
        path="/download",
        expect=Expectation(
            media_type="application/octet-stream", content=Content(size_bytes=len(_BODY), crc32=zlib.crc32(_BODY))
        ),
    ),
    "upload": Request(
        name="upload", method="POST", path="/upload", text="x" * len(_BODY), expect=Expectation(json_body=1)
    ),
}


def main() -> None:
    """Ask for each kind, and print medians of the rounds."""
    with _server() as port:
        for name, request in _ASKED.items():
            recordings = _recordings(request, port)
            costs_us = [one.generator_cpu_s / one.answered * 1e6 for one in recordings]
            rates = [one.counted / one.counted_s for one in recordings]
            print(f"{name:<10}{statistics.median(costs_us):8.0f} us of CPU{statistics.median(rates):8.0f} a second")


def _recordings(request: Request, port: int) -> list[Recording]:
    scenario = Scenario(name="big", about="", isolates="", leaves_out="", requests=(request,))
    plan = Plan(
        scenario="big",
        lineup="big",
        contenders=("server",),
        reference="server",
        connections=_CONNECTIONS,
        warm_s=_SECONDS,
        slice_min_s=_SECONDS,
        slice_max_s=_SECONDS,
        wait="sleep",
    )
    placement = Placement(server_cpus=(_SERVER_CPU,), generator_cpus=(_GENERATOR_CPU,), owns_core=True)
    target = Target(host="127.0.0.1", port=port, scenario=scenario)
    turns = [Turn(contender="server", round=index) for index in range(_ROUNDS)]
    with tempfile.TemporaryDirectory() as folder:
        found = list(ConnectionEngine().drive({"server": target}, plan, turns, placement, Path(folder) / "log"))
    wrong = [one.first_error for one in found if one.errors or not one.answered]
    if wrong:
        sys.exit(f"not only right answers: {wrong[0]}")
    return found[1:]


class _Serving(socketserver.StreamRequestHandler):
    """Streams on GET; on POST it answers when as much has come as was announced."""

    def handle(self) -> None:
        """Answer until the client leaves."""
        while line := self.rfile.readline():
            self._skip_head()
            if line.startswith(b"GET"):
                self._stream()
            else:
                self.rfile.read(len(_BODY))
                self.request.sendall(_TAKEN)

    def _skip_head(self) -> None:
        while self.rfile.readline().strip():
            pass

    def _stream(self) -> None:
        self.request.sendall(_CHUNKED)
        for _ in range(16):
            self.request.sendall(b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE))
        self.request.sendall(b"0\r\n\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = _CONNECTIONS


def _serve(told: Connection) -> None:
    os.sched_setaffinity(0, {_SERVER_CPU})
    with _Server(("127.0.0.1", 0), _Serving) as server:
        told.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def _server() -> Iterator[int]:
    """Its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
