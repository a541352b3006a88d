"""Where an HTTP/1.1 answer ends, and what it says (RFC 9112). Pure: bytes in, an Answer out; no sockets."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from harness.engines.connection.body import Body

HEAD_LIMIT_BYTES = 32 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n\0]*)?\r\n")
_HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*\r\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_BODILESS = (204, 304)
_SWITCHING_PROTOCOLS = 101
_FINAL = 200


class FramingError(Exception):
    """The bytes are not what the protocol says: no HTTP/1.1 answer, or no frames of a WebSocket."""


class TooLongError(Exception):
    """The answer is longer than anyone could expect here."""


class CutOffError(Exception):
    """The connection ended in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `keeps`: the connection may carry another request. Names of `headers` are in lower case."""

    status: int
    media_type: str
    body: bytes
    keeps: bool
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Head:
    version: int
    status: int
    headers: tuple[tuple[bytes, bytes], ...]

    def values(self, name: bytes) -> list[bytes]:
        """The comma-separated members of all header fields of this name, in lower case."""
        fields = (value for key, value in self.headers if key == name)
        return [member.strip().lower() for field in fields for member in field.split(b",")]


class Framing:
    """Takes one answer apart as its bytes arrive, in pieces of any size.

    `likely` may be the body of an earlier answer: one that equals it is that very object. `upgrades`: the answer may be
    a 101, and what follows it is none of HTTP's: see `rest`.
    Raises FramingError, TooLongError (over `limit_bytes`, or a head over HEAD_LIMIT_BYTES) and CutOffError.
    """

    def __init__(self, method: str, limit_bytes: int, likely: bytes = b"", *, upgrades: bool = False) -> None:
        self._method = method
        self._limit_bytes = limit_bytes
        self._upgrades = upgrades
        self._received = 0
        self._head_bytes = 0
        self._buffer = b""
        self._at = 0
        self._body_so_far = Body(likely)
        self._ended = False
        self._answer: Answer | None = None
        self._steps = self._read()

    @property
    def rest(self) -> bytes:
        """What came after an answer of status 101."""
        return self._buffer[self._at :]

    def feed(self, piece: bytes) -> Answer | None:
        """The answer, once `piece` completes it."""
        self._received += len(piece)
        if self._received > self._limit_bytes:
            raise TooLongError(f"the answer is longer than {self._limit_bytes} bytes")
        self._buffer = self._buffer[self._at :] + piece if self._waiting else piece
        self._at = 0
        return self._step()

    def end(self) -> Answer:
        """The answer, where the end of the connection is what completes it."""
        self._ended = True
        answer = self._step()
        if answer is None:
            raise CutOffError("the connection ended in the middle of an answer")
        return answer

    def _step(self) -> Answer | None:
        if self._answer is None:
            self._answer = next(self._steps)
        if self._answer is not None and self._waiting and self._answer.status != _SWITCHING_PROTOCOLS:
            raise FramingError(f"{self._waiting} bytes after the end of the answer")
        return self._answer

    @property
    def _waiting(self) -> int:
        """How many bytes have come and are not yet taken."""
        return len(self._buffer) - self._at

    def _read(self) -> Generator[Answer | None, None, None]:
        """Yields None as often as more bytes are needed, then the answer."""
        head = yield from self._head()
        while head.status < _FINAL and head.status != _SWITCHING_PROTOCOLS:
            head = yield from self._head()
        keeps, body = yield from self._body(head)
        headers = _joined(head)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        yield Answer(head.status, media_type, body, keeps, headers)

    def _head(self) -> Generator[None, None, _Head]:
        while self._waiting < len(b"HTTP/1."):
            self._expect_http()
            yield
        self._expect_http()
        line = yield from self._head_line()
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            raise FramingError(f"status line {line!r}")
        headers = []
        while (line := (yield from self._head_line())) != b"\r\n":
            header = _HEADER_LINE.fullmatch(line)
            if header is None:
                raise FramingError(f"header line {line!r}")
            headers.append((header[1].lower(), header[2]))
        return _Head(int(status[1]), int(status[2]), tuple(headers))

    def _expect_http(self) -> None:
        start = self._buffer[self._at : self._at + 7]
        if not b"HTTP/1.".startswith(start):
            raise FramingError(f"an answer that starts with {start!r}")

    def _body(self, head: _Head) -> Generator[None, None, tuple[bool, bytes]]:
        """Whether the connection stays open, and the body (RFC 9112, section 6.3)."""
        if head.status == _SWITCHING_PROTOCOLS:
            if not self._upgrades:
                raise FramingError("status 101 without having been asked to switch protocols")
            return True, b""
        keeps = _keeps_connection(head)
        length, chunked = _declared_length(head), _is_chunked(head)
        if self._method == "HEAD" or head.status in _BODILESS:
            return keeps, b""
        if chunked:
            return keeps, (yield from self._chunks())
        if length is None:
            return False, (yield from self._until_end())
        if length > self._limit_bytes:
            raise TooLongError(f"a body of {length} bytes is announced, over {self._limit_bytes}")
        yield from self._exactly(length)
        return keeps, self._body_so_far.whole()

    def _chunks(self) -> Generator[None, None, bytes]:
        while size := (yield from self._chunk_size()):
            yield from self._exactly(size)
            while self._waiting < len(b"\r\n"):
                yield
            if self._take(len(b"\r\n")) != b"\r\n":
                raise FramingError("a chunk that does not end where its size says")
        while (line := (yield from self._head_line())) != b"\r\n":
            if _HEADER_LINE.fullmatch(line) is None:
                raise FramingError(f"trailer line {line!r}")
        return self._body_so_far.whole()

    def _chunk_size(self) -> Generator[None, None, int]:
        line = yield from self._line()
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise FramingError(f"chunk size {line!r}")
        return int(match[1], 16)

    def _until_end(self) -> Generator[None, None, bytes]:
        while not self._ended:
            self._move(self._waiting)
            yield
        self._move(self._waiting)
        return self._body_so_far.whole()

    def _exactly(self, size: int) -> Generator[None, None, None]:
        """So many bytes of the body, as they come."""
        if size > self._limit_bytes:
            raise TooLongError(f"a chunk of {size} bytes is announced, over {self._limit_bytes}")
        while size > self._waiting:
            size -= self._waiting
            self._move(self._waiting)
            yield
        self._move(size)

    def _head_line(self) -> Generator[None, None, bytes]:
        line = yield from self._line()
        self._head_bytes += len(line)
        if self._head_bytes > HEAD_LIMIT_BYTES:
            raise TooLongError(f"heads and trailers of more than {HEAD_LIMIT_BYTES} bytes")
        return line

    def _line(self) -> Generator[None, None, bytes]:
        searched = 0
        while (place := self._buffer.find(b"\n", self._at + searched)) < 0:
            searched = self._waiting
            if searched > HEAD_LIMIT_BYTES:
                raise TooLongError(f"a line of more than {HEAD_LIMIT_BYTES} bytes")
            yield
        return self._take(place + 1 - self._at)

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._buffer[self._at - size : self._at]

    def _move(self, size: int) -> None:
        """These bytes are of the body."""
        self._at += size
        self._body_so_far.add(memoryview(self._buffer)[self._at - size : self._at])


def _joined(head: _Head) -> Mapping[str, str]:
    """Fields of one name are one, with commas between (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for key, value in head.headers:
        name, text = key.decode("ascii"), value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _keeps_connection(head: _Head) -> bool:
    options = head.values(b"connection")
    if b"close" in options:
        return False
    return head.version == 1 or b"keep-alive" in options


def _declared_length(head: _Head) -> int | None:
    lengths = set(head.values(b"content-length"))
    if not lengths:
        return None
    if len(lengths) > 1:
        raise FramingError("contradicting Content-Length fields")
    (length,) = lengths
    if not re.fullmatch(rb"\d{1,18}", length):
        raise FramingError(f"Content-Length {length!r}")
    return int(length)


def _is_chunked(head: _Head) -> bool:
    codings = head.values(b"transfer-encoding")
    if not codings:
        return False
    if codings != [b"chunked"]:
        raise FramingError(f"Transfer-Encoding {b', '.join(codings)!r}")
    if head.version == 0 or head.values(b"content-length"):
        raise FramingError("Transfer-Encoding where HTTP/1.1 forbids it")
    return True
