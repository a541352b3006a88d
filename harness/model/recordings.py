"""What was recorded of one turn of load: raw facts, which nothing was made of yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import chain, groupby
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

from harness.model.value import Value

_NOBODY = 1e-9  # what differences of sums of shares leave of nothing


class ErrorCause(StrEnum):
    """Why a request got no correct answer."""

    CONNECT = "connect"
    RESET = "reset"
    TIMEOUT = "timeout"
    STATUS = "status"
    BODY = "body"
    FRAMING = "framing"


def _spread(written: tuple[int, ...]) -> tuple[int, ...]:
    """Counts as they are, from counts as they are written. Format 1 wrote all of them out, which reads the same."""
    return tuple(chain.from_iterable((count,) if count >= 0 else (0,) * -count for count in written))


def _collapsed(counts: tuple[int, ...]) -> list[int]:
    """Counts as they are written: most buckets of a short slice are empty, and -n stands for n of these in a row."""
    runs = ((count, list(alike)) for count, alike in groupby(counts))
    return [one for count, run in runs for one in ([-len(run)] if count == 0 and len(run) > 1 else run)]


class Histogram(Value):
    """Counts of durations in buckets of constant relative width: see `histogram`. `first` is the index of counts[0]."""

    first: int = 0
    counts: Annotated[
        tuple[int, ...], AfterValidator(_spread), PlainSerializer(_collapsed, return_type=list[int], when_used="json")
    ] = ()
    sum_s: float = 0.0
    min_s: float | None = None
    max_s: float | None = None


class Paced(Value):
    """How a turn of open loop kept its rate.

    `due` requests were to be sent at `rate_per_s`, evenly spaced; `in_time` of them were answered rightly by the stop.
    `lag` holds by how much the generator itself sent late where a connection was free; `queued` requests found none,
    because the server had not answered: their waiting is the server's, and counts.
    """

    share: float
    rate_per_s: float
    due: int
    in_time: int
    queued: int
    lag: Histogram


class GeneratorPart(Value):
    """What one of several generator processes did in a turn.

    It began `late_s` after the first one did, as far as its clock is known: within `clock_error_s`. `cpu_s` and
    `empty_s` are as a recording's `generator_cpu_s` and `generator_empty_s`, over its own `duration_s`.
    """

    connections: int
    duration_s: float
    cpu_s: float
    empty_s: float
    late_s: float
    clock_error_s: float


class Recording(Value):
    """Raw facts of one turn.

    `counted` correct answers were given in a window of `counted_s`, from `lead_s` after the end of the second turnover
    to the stop;
    each counts by the share of its time that lies in the window. `latency` holds the requests started in it, followed
    through the drain; `longest_s` is the longest request of the whole turn. `busy` is the mean over the planned
    connections of the share of its time that a connection had a request under way. `answered` counts all correct
    answers, first turnovers and drain included. `generator_empty_s` is the CPU time that a spinning generator spent on
    polls that found nothing. `connections` are those still open after the drain; `reconnects` excludes the first
    opening of each and planned renewals. `asked_again` are requests that got no byte on a connection in use.

    `alternatives` counts those of the `answered` that were correct in another way than the first, by its name,
    `counted_alternatives` those of the `counted`, by the same shares of their time; `by_request` all of them by the
    request that they answer, where the load has several. `ran_out` is the request that had no row left which had not
    been asked yet: that ended the turn before its time.

    With `paced` the turn was open loop: every correct answer counts, `latency` holds all of them from the moment at
    which each request was due, and `busy` is not measured. In a duet the generator's times are those of both loads.

    `generators`: where there are several, what each of them did; all else is of all of them together, and the turn
    lasted while all of them made load.
    """

    contender: str
    round: int
    started_at: float
    duration_s: float
    lead_s: float = Field(default=0.0, exclude_if=lambda seconds: not seconds)
    answered: int
    counted: float
    counted_s: float
    errors: Mapping[ErrorCause, int] = {}
    first_error: str | None = None
    latency: Histogram
    longest_s: float | None
    busy: float | None
    connections: int
    reconnects: int
    asked_again: int
    generator_cpu_s: float
    generator_empty_s: float
    drain_s: float
    paced: Paced | None = None
    alternatives: Mapping[str, int] = {}
    counted_alternatives: Mapping[str, float] = Field(default={}, exclude_if=lambda counts: not counts)
    by_request: Mapping[str, int] = {}
    ran_out: str | None = None
    generators: tuple[GeneratorPart, ...] = ()

    @property
    def requests_per_s(self) -> float | None:
        """Throughput of correct answers; None where none was counted."""
        return self.counted / self.counted_s if self.counted and self.counted_s else None

    def served_per_s(self, refusals: Collection[str]) -> float | None:
        """Throughput without these alternatives; None where nothing was counted.

        Whoever is turned away is not served. Else a server that refuses soon would outdo one that does the work.
        """
        if not (self.counted and self.counted_s):
            return None
        served = self.counted - sum(map(self.counted_as, refusals))
        return served / self.counted_s if served > _NOBODY * self.counted else 0.0

    def counted_as(self, alternative: str) -> float:
        """How many of the counted were answered so; older recordings have only their share of the whole turn."""
        of_all = self.counted * self.alternatives.get(alternative, 0) / self.answered if self.answered else 0.0
        return self.counted_alternatives.get(alternative, of_all)
