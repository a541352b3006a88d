"""Answers a GET, or says back what is said over a WebSocket, with as little work for the one as for the other.

It takes what it receives for one whole request or frame, as our generator sends them: it is no server for anyone else.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys

from harness.engines.connection.frames import Kind, server_frame
from harness.engines.connection.opening import accepted

_BODY = b'{"message": "Hello, World!"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
_KEY = re.compile(rb"Sec-WebSocket-Key: (\S+)")
_SWITCHED = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"


def main(port: int) -> None:
    """Serve on this port of 127.0.0.1 until killed."""
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is listener:
                ready.register(_accepted(listener), selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket) and not _served(key.fileobj):
                ready.unregister(key.fileobj)
                key.fileobj.close()


def _accepted(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _served(connection: socket.socket) -> bool:
    """Whether the connection is to be kept."""
    heard = connection.recv(65536)
    if heard:
        connection.sendall(_answer(heard))
    return bool(heard) and heard[0] != 0x80 | Kind.CLOSE


def _answer(heard: bytes) -> bytes:
    if heard.startswith(b"GET"):
        key = _KEY.search(heard)
        return _SWITCHED.format(accepted(key[1])).encode() if key else _ANSWER
    mask, hidden = heard[2:6], heard[6:]
    whole = (mask * (len(hidden) // 4 + 1))[: len(hidden)]
    payload = (int.from_bytes(hidden) ^ int.from_bytes(whole)).to_bytes(len(hidden))
    return server_frame(Kind(heard[0] & 0x0F), payload)


if __name__ == "__main__":
    main(int(sys.argv[1]))
