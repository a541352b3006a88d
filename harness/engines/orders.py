"""What harness and generator say to each other about a turn, a line of JSON each.

The harness asks what the generator's clock shows, once or several times, and says when to go; the generator says when
it began and stopped, and when the first answers came; the harness says which window is counted; the generator writes
its recordings. All moments are in nanoseconds of the generator's own clock. A generator that cannot do its job says so
in place of its first answer, and ends.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import TypeAdapter

from harness.model import Value

CLOCK = b"clock\n"


class Go(Value):
    """Begin at `start_ns`, or at once; load for `duration_s`."""

    start_ns: int | None
    duration_s: float


class Refusal(Value):
    """Why there will be no turn, and what to do about it."""

    message: str
    hint: str


class Ended(Value):
    """How a turn went. `first_ends`: of each load the first completions before the stop, in order.

    There are two for each planned connection, of all generators together, if that many came.
    """

    start_ns: int
    stop_ns: int
    first_ends: tuple[tuple[int, ...], ...]


class Window(NamedTuple):
    """From when to when answers are counted."""

    from_ns: int
    stop_ns: int


WINDOWS: TypeAdapter[tuple[Window, ...]] = TypeAdapter(tuple[Window, ...])
"""Of one turn: one for each of its loads."""
