"""What a server wrote, piece by piece, for a harness that is on another machine."""

from __future__ import annotations

import base64
from pathlib import Path

from .errors import HostError

_PIECE_BYTES = 1 << 18


def read(path: str, start: int) -> str:
    """The next piece of a file from that byte on, in base 64; empty at its end. Raises HostError."""
    try:
        with Path(path).open("rb") as file:
            file.seek(start)
            return base64.b64encode(file.read(_PIECE_BYTES)).decode()
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}.", "Did somebody else delete it?") from error
