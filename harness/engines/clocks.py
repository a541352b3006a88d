"""How far another process's clock is ahead of ours. Pure.

The closest of several exchanges decides: the clock was read at some moment between question and answer, so that its
middle is wrong by half of the round trip at most (F. Cristian, "Probabilistic clock synchronization", Distributed
Computing 3, 1989).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that is `ahead_ns` of ours, give or take `error_ns`."""

    ahead_ns: int
    error_ns: int

    @classmethod
    def read(cls, asked_ns: int, shown_ns: int, answered_ns: int) -> Self:
        """What one exchange tells: our clock when we asked and were answered, and what theirs showed."""
        return cls(shown_ns - (asked_ns + answered_ns) // 2, (answered_ns - asked_ns + 1) // 2)

    @classmethod
    def closest(cls, read: Iterable[Self]) -> Self:
        """The one that is known best."""
        return min(read, key=lambda one: one.error_ns)

    def there(self, ours_ns: int) -> int:
        """What it shows at a moment of ours."""
        return ours_ns + self.ahead_ns

    def here(self, its_ns: int) -> int:
        """What ours shows at a moment of its."""
        return its_ns - self.ahead_ns
