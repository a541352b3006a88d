"""Reads bodies: JSON of no more than so many bytes, whether their length was announced or they come in pieces."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
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
    stream = _find_stream(request)
    body = stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        stream.read(DRAINED_BYTES)  # gunicorn ends a connection, and says so to nobody, that has much left unread
        raise RequestDataTooBig
    received._body = body  # noqa: SLF001  # where `request.body` keeps what it has read
    received.META["CONTENT_LENGTH"] = str(len(body))


@contextmanager
def receiving_pieces(request: Request) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Receive a body in pieces: how many bytes are announced, 0 if that is not said, and the pieces.

    What nobody wants of it is read away in the end: gunicorn ends a connection that has much left unread.
    """
    announced_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
    pieces = iter(partial(_find_stream(request).read, PIECE_BYTES), b"")
    try:
        yield announced_bytes, pieces
    finally:
        deque(islice(pieces, DRAINED_BYTES // PIECE_BYTES), maxlen=0)


def _find_stream(request: Request) -> Any:
    """Find where a body is read; with ASGI Django has taken it in before, up to 2.5 MB in memory."""
    received = request._request  # noqa: SLF001  # REST framework has no name for what Django received
    return received.META.get("wsgi.input", received)
