"""What the charts draw of a run, in SI units: blocks, starts, latencies and slices of one contender."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness import histogram
from harness.model import Histogram, ResultSet, StartOutcome, StartVariant
from harness.stats.slices import is_clean, log_levels, log_ratios, served_per_s, throughputs


class Slice(NamedTuple):
    """A slice at its place in the run, in blocks from the start; `requests_per_s` is None where it failed."""

    block: int
    at_block: float
    requests_per_s: float | None


class Curve(NamedTuple):
    """Latencies in seconds at `nines` = -log10(1 - share): 1 is p90, 2 is p99."""

    nines: tuple[float, ...]
    latencies_s: tuple[float, ...]


_SLOWER_LEFT = 10
_MOST_NINES = 4.0
_POINTS = 240


def block_throughputs(result_set: ResultSet, contender: str) -> tuple[float, ...]:
    """The level of each block that has one, 1/s: what the estimate of the whole run is made of."""
    return tuple(math.exp(level) for level in log_levels(throughputs(result_set)[contender]).values())


def ready_times(result_set: ResultSet, contender: str, variant: StartVariant = StartVariant.WARM) -> tuple[float, ...]:
    """Seconds from spawn to the first correct answer, of every start of a variant that had one."""
    return tuple(start.ready_s for start in _starts(result_set, contender, variant) if start.ready_s is not None)


def block_ratios(result_set: ResultSet, contender: str, to: str | None = None) -> tuple[float, ...]:
    """Throughput over that of another, else the reference's, of each block that has both: what a ratio is made of."""
    found = throughputs(result_set)
    base = found[to or result_set.head.plan.reference]
    return tuple(map(math.exp, log_ratios(found[contender], base).values()))


def failed_starts(result_set: ResultSet, contender: str, variant: StartVariant = StartVariant.WARM) -> int:
    """How many cold starts of a variant failed."""
    return sum(start.failure is not None for start in _starts(result_set, contender, variant))


def latency_curve(result_set: ResultSet, contender: str) -> Curve | None:
    """The merged latencies of all slices, up to where only ten requests are slower. None: none was measured."""
    merged = histogram.merged(_latencies(result_set, contender))
    total = sum(merged.counts)
    if not total:
        return None
    end = min(_MOST_NINES, max(1.0, float(np.log10(total / _SLOWER_LEFT))))
    nines = np.linspace(0.0, end, _POINTS)
    return Curve(tuple(nines.tolist()), histogram.quantiles(merged, (1 - 10**-nines).tolist()))


def slices(result_set: ResultSet, contender: str) -> tuple[Slice, ...]:
    """Every slice of finished blocks, warm-ups left out."""
    rounds = result_set.head.plan.rounds
    return tuple(
        Slice(turn.block, turn.block + (turn.round - 0.5) / rounds, served_per_s(turn, result_set.head.scenario))
        for turn in result_set.turns
        if turn.contender == contender and turn.round > 0
    )


def median(slices: Sequence[Slice]) -> float | None:
    """The middle throughput of those that did not fail."""
    measured = [one.requests_per_s for one in slices if one.requests_per_s]
    return statistics.median(measured) if measured else None


def block_medians(slices: Sequence[Slice]) -> Mapping[int, float]:
    """Block to the middle throughput of its slices; blocks where all failed are left out."""
    blocks = dict.fromkeys(one.block for one in slices)
    medians = {block: median([one for one in slices if one.block == block]) for block in blocks}
    return {block: middle for block, middle in medians.items() if middle is not None}


def _starts(result_set: ResultSet, contender: str, variant: StartVariant) -> Iterator[StartOutcome]:
    return (one for one in result_set.starts if one.contender == contender and one.variant is variant)


def _latencies(result_set: ResultSet, contender: str) -> Iterator[Histogram]:
    for turn in result_set.turns:
        if turn.contender == contender and turn.round > 0 and turn.recording and is_clean(turn):
            yield turn.recording.latency
