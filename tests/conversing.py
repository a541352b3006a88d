"""A client of a WebSocket that does by hand what no library would: it says and hears just what it is told to."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from harness.model import Contender
from tests.serving import KNOWN, SOON_S, Served

TEXT, CLOSE = 0x81, 0x88
NORMAL, GOING_AWAY, TOO_LARGE, RESTARTING = 1000, 1001, 1009, 1012
GOODBYES = {GOING_AWAY, RESTARTING}
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, whatever is still on its way
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


def cannot(contender: str) -> str | None:
    """Why a contender has no WebSockets; None: it has."""
    name, _, deployment = contender.partition("@")
    return Contender(label=contender, app=KNOWN.apps[name], deployment_name=deployment).why_not("websocket")


def connected(server: Served) -> socket.socket:
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SOON_S)


def asking(server: Served, path: str = "/ws/echo", version: int = 13) -> socket.socket:
    """A connection over which a WebSocket was asked for, by a client that would compress."""
    line = connected(server)
    line.sendall(_UPGRADE.format(path=path, version=version).encode())
    return line


def head(line: socket.socket) -> bytes:
    """The head of an answer, in lower case, and no byte more."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        byte = line.recv(1)
        assert byte, read
        read += byte
    return read.lower()


@contextmanager
def opened(server: Served) -> Iterator[socket.socket]:
    """A conversation with a client that says nothing yet."""
    with asking(server) as line:
        assert head(line).startswith(b"http/1.1 101 ")
        yield line


def frame(kind: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size)
    return bytes([kind]) + length + bytes(4) + content  # masked with nothing


def goodbye(code: int) -> bytes:
    return frame(CLOSE, struct.pack("!H", code))


def close_code(line: socket.socket) -> int:
    """With which code a server closes."""
    opcode, size = line.recv(2, socket.MSG_WAITALL)
    assert opcode == CLOSE
    return int(struct.unpack("!H", line.recv(size, socket.MSG_WAITALL)[:2])[0])
