"""Small servers of WebSockets on real sockets, a thread for each connection: a good one, and every way of misbehaving.

What they say is bytes written by hand, so that it shares no mistake with what it is to test.
"""

import base64
import hashlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from harness.model import Expectation, Request, Scenario
from tests.engine_servers import Behaviour, says

TEXT = "abcd" * 16
ECHOES = 100
TEXT_FRAME, BINARY_FRAME, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
GOODBYE = b"\x88\x02\x03\xe8"
NOT_FOUND = says(404, b'{"error": {"code": "not_found", "message": "Not found"}}')
FULL = says(503, b"{}")
_UNDERWAY_S = 0.002


def scenario(echoes: int = ECHOES, text: str = TEXT) -> Scenario:
    echo = Request(name="echo", path="/ws/echo", text=text, echoes=echoes, expect=Expectation(status=101))
    health = Request(name="health", path="/healthz", weight=0, expect=Expectation(json_body={"status": "ok"}))
    return Scenario(name="websocket", about="", isolates="", leaves_out="", requests=(echo, health))


def framed(first: int, payload: bytes) -> bytes:
    """A frame as a server says it."""
    if len(payload) < 126:
        return bytes([first, len(payload)]) + payload
    if len(payload) < 1 << 16:
        return bytes([first, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([first, 127]) + len(payload).to_bytes(8, "big") + payload


def heard_frames(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The first byte and the payload of each frame that a client says."""
    while len(head := stream.read(2)) == 2:
        assert head[1] & 0x80, "a client's frame is masked"
        size = head[1] & 0x7F
        size = int.from_bytes(stream.read({126: 2, 127: 8}[size]), "big") if size > 125 else size
        mask, hidden = stream.read(4), stream.read(size)
        whole = (mask * (size // 4 + 1))[:size]
        yield head[0], (int.from_bytes(hidden, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")


def opened(stream: BinaryIO) -> dict[str, str]:
    """The headers of an upgrade that is as it should be."""
    assert stream.readline().startswith(b"GET /ws/echo HTTP/1.1\r\n")
    lines = iter(stream.readline, b"\r\n")
    pairs = [line.decode("ascii").rstrip().split(": ", 1) for line in lines if line]
    headers = {name.lower(): value for name, value in pairs}
    assert headers["upgrade"].lower() == "websocket"
    assert headers["sec-websocket-version"] == "13"
    assert len(base64.b64decode(headers["sec-websocket-key"], validate=True)) == 16
    assert not {"content-length", "sec-websocket-extensions", "sec-websocket-protocol"} & headers.keys()
    return headers


def switched(key: str, more: str = "", upgrade: str = "websocket", connection: str = "Upgrade") -> bytes:
    found = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return (
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {upgrade}\r\nConnection: {connection}\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(found).decode()}\r\n{more}\r\n"
    ).encode()


Reply = Callable[[bytes], Sequence[bytes]]


def _at_once(text: bytes) -> Sequence[bytes]:
    return (framed(TEXT_FRAME, text),)


def speaks(
    reply: Reply = _at_once,
    *,
    opens: Callable[[str], bytes] = switched,
    greets: bytes = b"",
    leaves: bytes = GOODBYE,
    stays_s: float = 0.0,
    pause_s: float = 0.0,
) -> Behaviour:
    """Says what `reply` makes of each text, in these pieces, and what `leaves` to a goodbye. An empty piece: it ends.

    It `greets` in the same segment in which it answers the upgrade, and stays so long after a goodbye.
    """

    def behave(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as stream:
            connection.sendall(opens(opened(stream)["sec-websocket-key"]) + greets)
            for first, payload in heard_frames(stream):
                if first == CLOSE:
                    connection.sendall(leaves)
                    time.sleep(stays_s)
                    return
                for piece in reply(payload) if first == TEXT_FRAME else ():
                    if not piece:
                        return
                    connection.sendall(piece)
                    time.sleep(pause_s)

    return behave


def refuses(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            opened(stream)
            connection.sendall(answer)
            stream.read()

    return behave


def _asks_back(connection: socket.socket) -> None:
    """Echoes nothing before its ping is answered."""
    with connection.makefile("rb") as stream:
        connection.sendall(switched(opened(stream)["sec-websocket-key"]))
        frames = heard_frames(stream)
        for first, payload in frames:
            if first == CLOSE:
                connection.sendall(GOODBYE)
                return
            connection.sendall(framed(PING, b"still there?"))
            assert next(frames) == (PONG, b"still there?")
            connection.sendall(framed(TEXT_FRAME, payload))


def _in_pieces(text: bytes) -> Sequence[bytes]:
    frame = framed(TEXT_FRAME, text)
    return [frame[place : place + 9] for place in range(0, len(frame), 9)]


def _in_fragments(text: bytes) -> Sequence[bytes]:
    fragments = framed(0x01, text[:7]), framed(PING, b""), framed(0x00, b""), framed(PONG, b"?"), framed(0x80, text[7:])
    return (b"".join(fragments[:3]), fragments[3][:1], fragments[3][1:], fragments[4])


RIGHT: dict[str, Behaviour] = {
    "good": speaks(),
    "slow": speaks(pause_s=_UNDERWAY_S),
    "in pieces": speaks(_in_pieces, pause_s=0.001),
    "in fragments": speaks(_in_fragments, pause_s=0.001),
    "after a ping": speaks(lambda text: (framed(PING, b"?") + framed(TEXT_FRAME, text),)),
    "before a ping": speaks(lambda text: (framed(TEXT_FRAME, text) + framed(PING, b"")[:1], framed(PING, b"")[1:])),
    "asks back": _asks_back,
    "greets with a ping": speaks(greets=framed(PING, b"hello")),
    "other letters": speaks(opens=lambda key: switched(key, upgrade="WebSocket", connection="keep-alive, upgrade")),
    "leaves without a word": speaks(leaves=b""),
    "leaves after a pong": speaks(leaves=framed(PONG, b"") + GOODBYE),
}

# What each does wrong, the cause under which it is counted, and what the first error says.
WRONG: dict[str, tuple[Behaviour, str, str]] = {
    "another text": (speaks(lambda text: (framed(TEXT_FRAME, text[::-1]),)), "body", "the echo 'dcba"),
    "no letters": (speaks(lambda _: (framed(TEXT_FRAME, b"\xff\xfe"),)), "body", "(2 characters) instead of"),
    "a binary message": (speaks(lambda text: (framed(BINARY_FRAME, text),)), "body", "a binary message of 64 bytes"),
    "too long": (speaks(lambda _: (bytes([TEXT_FRAME, 127]) + (1 << 40).to_bytes(8, "big"),)), "body", "over 65600"),
    "endless fragments": (speaks(lambda _: [framed(0x01, b"")] + [framed(0, b"x" * 900)] * 99), "body", "more than"),
    "twice": (speaks(lambda text: (framed(TEXT_FRAME, text) * 2,)), "framing", "2 messages where 1 were asked"),
    "greets": (speaks(greets=framed(TEXT_FRAME, b"hello")), "framing", "1 messages where 0 were asked for"),
    "masked": (speaks(lambda text: (bytes([TEXT_FRAME, 0x80 | 64]) + bytes(4) + text,)), "framing", "is masked"),
    "reserved bits": (speaks(lambda text: (framed(0xC1, text),)), "framing", "reserved bits"),
    "unknown kind": (speaks(lambda text: (framed(0x83, text),)), "framing", "unknown kind 3"),
    "a long ping": (speaks(lambda _: (framed(PING, bytes(126)),)), "framing", "a ping frame of 126 bytes"),
    "half a ping": (speaks(lambda _: (framed(0x09, b""),)), "framing", "in fragments"),
    "a rest of nothing": (speaks(lambda text: (framed(0x80, text),)), "framing", "continuation frame where none"),
    "two begun": (speaks(lambda text: (framed(0x01, text) * 2,)), "framing", "text frame where none"),
    "a long size": (speaks(lambda text: (bytes([TEXT_FRAME, 126, 0, 64]) + text,)), "framing", "a size of 64 in 2"),
    "a longer size": (speaks(lambda _: (bytes([TEXT_FRAME, 127]) + bytes(7) + b"\x40",)), "framing", "of 64 in 8"),
    "half a code": (speaks(lambda _: (b"\x88\x01\x03",)), "framing", "half a code"),
    "leaves": (speaks(lambda _: (framed(CLOSE, b"\x03\xf3oh dear"),)), "reset", "code 1011 and the reason 'oh dear'"),
    "leaves silently": (speaks(lambda _: (framed(CLOSE, b""),)), "reset", "the server left: close of 0 bytes"),
    "drops": (speaks(lambda _: (b"",)), "reset", "before the echo was whole"),
    "cut short": (speaks(lambda text: (framed(TEXT_FRAME, text)[:-1], b"")), "reset", "before the echo was whole"),
    "half fragments": (speaks(lambda text: (framed(0x01, text), b"")), "reset", "before the echo was whole"),
    "hangs": (speaks(lambda _: ()), "timeout", "no whole answer within"),
    "trickles": (speaks(_in_pieces, pause_s=0.1), "timeout", "no whole answer within"),
    "unknown": (refuses(NOT_FOUND), "status", "no WebSocket: status 404 instead of 101"),
    "full": (refuses(FULL), "status", "no WebSocket: status 503 instead of 101"),
    "no 101": (refuses(says(200, b"{}")), "status", "no WebSocket: status 200 instead of 101"),
    "no HTTP": (refuses(b"\x81\x05hello"), "framing", "an answer that starts with"),
    "other key": (speaks(opens=lambda _: switched("x")), "framing", "Sec-WebSocket-Accept is "),
    "other protocol": (speaks(opens=lambda key: switched(key, upgrade="h2c")), "framing", "Upgrade is 'h2c'"),
    "no upgrade": (speaks(opens=lambda key: switched(key, connection="close")), "framing", "Connection is 'close'"),
    "an extension": (
        speaks(opens=lambda key: switched(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n")),
        "framing",
        "sec-websocket-extensions, which nobody asked for, is 'permessage-deflate'",
    ),
    "never opens": (refuses(b""), "timeout", "no whole answer within"),
    "half opened": (refuses(b"HTTP/1.1 101 Switching"), "timeout", "no whole answer within"),
}
