"""Reads bodies, of no more than so many bytes, whether their length was announced or they come in pieces."""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from gunicorn.http.errors import ParseException
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
DRAINED_BYTES = 4_194_304
PIECE_BYTES = 65_536


class BodyParser(JSONParser):
    """REST framework's parser, but for a body of nothing but brackets: there it fails, instead of refusing."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Read JSON. Raises ParseError."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError from error


def receive_body(request: Request) -> None:
    """Receive a body for `request.data` to read. Raises RequestDataTooBig, whatever the body says that it is.

    Django reads as much as was announced, and so nothing of a body in pieces. Here the server says where it ends.
    """
    received = request._request  # noqa: SLF001  # REST framework has no name for what Django received
    body = _read(received, MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        _drain(received)
        raise RequestDataTooBig
    received._body = body  # noqa: SLF001  # where `request.body` keeps what it has read
    received.META["CONTENT_LENGTH"] = str(len(body))


@contextmanager
def receiving_pieces(request: Request) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Receive a body in pieces: how many bytes are announced, 0 if that is not said, and the pieces."""
    received = request._request  # noqa: SLF001  # as above
    announced_bytes = int(received.META.get("CONTENT_LENGTH") or 0)
    try:
        yield announced_bytes, _pieces(received, announced_bytes)
    finally:
        _drain(received)


def as_asked(request: Request, pieces: Iterable[bytes]) -> Iterable[bytes] | AsyncIterator[bytes]:
    """Hand pieces out as the server asks for them: on ASGI Django would gather all of them first, and warn of it."""
    return pieces if "wsgi.input" in request.META else _asynchronous(pieces)


async def _asynchronous(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _pieces(received: HttpRequest, announced_bytes: int) -> Iterator[bytes]:
    left_bytes = announced_bytes
    while piece := _read(received, PIECE_BYTES):
        left_bytes -= len(piece)
        yield piece
    if left_bytes > 0:
        raise ParseError  # the client has hung up, and the server takes that for the end


def _drain(received: HttpRequest) -> None:
    """Read away what nobody wants: gunicorn ends a connection, and says so to nobody, that has much left unread."""
    pieces = iter(partial(_read, received, PIECE_BYTES), b"")
    with suppress(ParseError):
        deque(islice(pieces, DRAINED_BYTES // PIECE_BYTES), maxlen=0)


def _read(received: HttpRequest, size_bytes: int) -> bytes:
    """Read where the server writes; on ASGI Django has taken in the whole body before. Raises ParseError."""
    stream = received.META.get("wsgi.input", received)
    try:
        return stream.read(size_bytes)
    except (OSError, ParseException) as error:  # it breaks off, or comes in pieces that are none
        raise ParseError from error
