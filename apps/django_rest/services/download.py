"""Hands out a big body in pieces."""

from collections.abc import Iterator
from itertools import repeat

MEDIA_TYPE = "application/octet-stream"
HEADERS = {"Content-Disposition": 'attachment; filename="shop.bin"'}
PIECE = bytes(range(256)) * 256
PIECES = 16


def pieces() -> Iterator[bytes]:
    """Hand out 1 MiB in pieces of 64 KiB."""
    return repeat(PIECE, PIECES)
