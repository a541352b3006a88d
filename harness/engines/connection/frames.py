"""What is said over a WebSocket, as bytes (RFC 6455, section 5), by a client and by a server. Pure; no sockets."""

from __future__ import annotations

import secrets
from enum import IntEnum
from typing import NamedTuple

from harness.engines.connection.framing import FramingError, TooLongError

_FINAL, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_MASKED, _SIZE = 0x80, 0x7F
_SHORT = 125  # of a size that the second byte holds, and of a control frame
_NORMAL = 1000  # the code of a goodbye with nothing wrong (section 7.4.1)
_SIZE_BYTES = {126: 2, 127: 8}
# Against pages that make browsers say what fools a proxy (section 10.3). Here there are neither, and to unmask takes a
# server as long whatever the mask is: so that it is drawn once, and a frame made once.
_MASK = secrets.token_bytes(4)


class Kind(IntEnum):
    """What a frame is: its opcode."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

    @property
    def is_control(self) -> bool:
        return self >= Kind.CLOSE


class Said(NamedTuple):
    """A whole message, or a control frame."""

    kind: Kind
    payload: bytes

    def __str__(self) -> str:
        if self.kind is not Kind.CLOSE or not self.payload:
            return f"{self.kind.name.lower()} of {len(self.payload)} bytes"
        code, reason = int.from_bytes(self.payload[:2]), self.payload[2:].decode(errors="replace")
        return f"close with the code {code} and the reason {reason!r}"


class _Frame(NamedTuple):
    kind: Kind
    is_final: bool
    payload: bytes


def client_frame(kind: Kind, payload: bytes) -> bytes:
    """A whole message or control frame as a client says it: masked."""
    mask = (_MASK * (len(payload) // 4 + 1))[: len(payload)]
    hidden = int.from_bytes(payload) ^ int.from_bytes(mask)
    return _head(kind, len(payload), _MASKED) + _MASK + hidden.to_bytes(len(payload))


def server_frame(kind: Kind, payload: bytes) -> bytes:
    """The same as a server says it in one frame: unmasked."""
    return _head(kind, len(payload), 0) + payload


def goodbye() -> bytes:
    """What a client says last."""
    return client_frame(Kind.CLOSE, _NORMAL.to_bytes(2))


class Frames:
    """Takes apart what a server says, in pieces of any size.

    Raises FramingError, and TooLongError for more than `limit_bytes` in all.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._received = 0
        self._buffer = bytearray()
        self._begun: tuple[Kind, bytearray] | None = None

    @property
    def is_between(self) -> bool:
        """Whether all that came was whole, so that nothing need follow."""
        return not self._buffer and self._begun is None

    def feed(self, piece: bytes) -> list[Said]:
        """All that `piece` completes, pongs left out."""
        self._received += len(piece)
        if self._received > self._limit_bytes:
            raise TooLongError(f"more than {self._limit_bytes} bytes were said")
        self._buffer += piece
        found = []
        while (frame := self._next()) is not None:
            said = self._completed(frame)
            if said is not None and said.kind is not Kind.PONG:
                found.append(said)
        return found

    def _next(self) -> _Frame | None:
        """The next frame, once it is whole."""
        if len(self._buffer) < 2:  # noqa: PLR2004  # flags and size
            return None
        kind, is_final = _opcode(self._buffer[0])
        size, start = self._size()
        if kind.is_control and (size > _SHORT or not is_final):
            raise FramingError(f"a {kind.name.lower()} frame of {size} bytes, or in fragments")
        if size > self._limit_bytes:
            raise TooLongError(f"a frame of {size} bytes is announced, over {self._limit_bytes}")
        if len(self._buffer) < start + size:
            return None
        payload = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return _Frame(kind, is_final, payload)

    def _size(self) -> tuple[int, int]:
        """The size of the payload, and where it starts; 0 is as good as any while bytes of the size are missing."""
        second = self._buffer[1]
        if second & _MASKED:
            raise FramingError("a frame of a server that is masked")
        more = _SIZE_BYTES.get(second & _SIZE, 0)
        start = 2 + more
        if not more or len(self._buffer) < start:
            return (0 if more else second), start
        size = int.from_bytes(self._buffer[2:start])
        if size <= _SHORT or (more == _SIZE_BYTES[127] and size < 1 << 16):
            raise FramingError(f"a size of {size} in {more} bytes")
        return size, start

    def _completed(self, frame: _Frame) -> Said | None:
        """What is whole by this frame; control frames may stand between the fragments of a message."""
        if frame.kind.is_control:
            return Said(frame.kind, _checked(frame))
        if (frame.kind is Kind.CONTINUATION) != (self._begun is not None):
            raise FramingError(f"a {frame.kind.name.lower()} frame where none may be")
        kind, payload = self._begun or (frame.kind, bytearray())
        payload += frame.payload
        self._begun = None if frame.is_final else (kind, payload)
        return Said(kind, bytes(payload)) if frame.is_final else None


def _head(kind: Kind, size: int, flag: int) -> bytes:
    first = bytes([_FINAL | kind])
    if size <= _SHORT:
        return first + bytes([flag | size])
    code, more = next((code, more) for code, more in _SIZE_BYTES.items() if size < 1 << 8 * more)
    return first + bytes([flag | code]) + size.to_bytes(more)


def _opcode(first: int) -> tuple[Kind, bool]:
    """What a frame is, and whether it is the last of its message."""
    if first & _RESERVED:
        raise FramingError(f"reserved bits in a frame that starts with 0x{first:02x}")
    try:
        return Kind(first & _OPCODE), bool(first & _FINAL)
    except ValueError:
        raise FramingError(f"a frame of the unknown kind {first & _OPCODE}") from None


def _checked(frame: _Frame) -> bytes:
    if frame.kind is Kind.CLOSE and len(frame.payload) == 1:
        raise FramingError("a close frame with half a code")
    return frame.payload
