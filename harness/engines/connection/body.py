"""A body as its parts arrive: one that equals an earlier one is not copied, and is that very object. Pure."""

from __future__ import annotations


class Body:
    """What has come of a body. As long as it is as `likely` begins, nothing is copied: big bodies are dear to copy."""

    def __init__(self, likely: bytes) -> None:
        self._likely = likely
        self._alike = 0
        self._other: bytearray | None = None

    def add(self, part: memoryview) -> None:
        if self._other is None:
            if self._likely.startswith(part, self._alike):
                self._alike += len(part)
                return
            self._other = bytearray(self._likely[: self._alike])
        self._other += part

    def whole(self) -> bytes:
        """All of it; `likely` itself if it equals that."""
        return self._likely[: self._alike] if self._other is None else bytes(self._other)
