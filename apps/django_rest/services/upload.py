"""Adds up a big body as it comes, and decides whether it is one."""

import zlib

MEDIA_TYPE = "application/octet-stream"
MAX_BYTES = 2_097_152


class NoUploadError(ValueError):
    """There is nothing in this body, or it is of another media type."""


class UploadTooLargeError(ValueError):
    """This body is larger than MAX_BYTES."""


class Sum:
    """Size and checksum of a body of which no more than a piece is held at a time."""

    def __init__(self, content_type: str | None, announced_bytes: int | None) -> None:
        """Begin with what the headers say. Raises NoUploadError and UploadTooLargeError."""
        if (announced_bytes or 0) > MAX_BYTES:
            raise UploadTooLargeError
        if (content_type or "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise NoUploadError
        self.size_bytes = 0
        self.crc32 = 0

    def add(self, piece: bytes) -> None:
        """Add the next piece. Raises UploadTooLargeError."""
        self.size_bytes += len(piece)
        if self.size_bytes > MAX_BYTES:
            raise UploadTooLargeError
        self.crc32 = zlib.crc32(piece, self.crc32)

    def describe(self) -> dict[str, int]:
        """Say what the pieces came to. Raises NoUploadError if there were none."""
        if not self.size_bytes:
            raise NoUploadError
        return {"size_bytes": self.size_bytes, "crc32": self.crc32}
