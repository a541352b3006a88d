"""Derives from the runs of a sweep how throughput and latency go with the number of connections, and the knee."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness import histogram
from harness.model import Estimate, ResultSet, Row, Summary, Sweep, SweepCurve, SweepPoint, Verdict
from harness.stats import estimates
from harness.stats.slices import is_clean

ENOUGH = 0.95  # of the largest throughput


def derive(name: str, runs: Sequence[tuple[ResultSet, Summary]]) -> Sweep:
    """All that the runs of a sweep say together. Their contenders are the same."""
    ordered = sorted(runs, key=lambda run: run[0].head.plan.connections)
    return Sweep(
        name=name,
        connections=tuple(result_set.head.plan.connections for result_set, _ in ordered),
        curves=tuple(_curve(member.label, ordered) for member in ordered[0][0].head.members),
    )


def knee(points: Sequence[SweepPoint]) -> int | None:
    """The smallest number of connections whose throughput, as far as its interval reaches, is 95 % of the largest.

    So simple that it can be seen in the chart; "Kneedle" (Satopaa et al., "Finding a 'Kneedle' in a Haystack", ICDCS
    workshops 2011) looks for the sharpest bend, which needs more points than a sweep has. None: nothing to compare.
    """
    valid = [(one.connections, one.requests_per_s) for one in points if one.verdict is not Verdict.INVALID]
    measured = [(connections, per_s) for connections, per_s in valid if per_s]
    if len(measured) < 2:  # noqa: PLR2004  # one point has no bend
        return None
    wanted = ENOUGH * max(per_s.value for _, per_s in measured)
    return min(connections for connections, per_s in measured if (per_s.high or per_s.value) >= wanted)


def _curve(label: str, runs: Sequence[tuple[ResultSet, Summary]]) -> SweepCurve:
    rows = [next(row for row in summary.rows if row.member.label == label) for _, summary in runs]
    points = tuple(_point(result_set, row) for (result_set, _), row in zip(runs, rows, strict=True))
    return SweepCurve(member=rows[0].member, points=points, knee=knee(points))


def _point(result_set: ResultSet, row: Row) -> SweepPoint:
    p50_s, p99_s = _quantiles(result_set, row.member.label, (0.5, 0.99))
    return SweepPoint(
        connections=result_set.head.plan.connections,
        verdict=row.verdict,
        requests_per_s=row.requests_per_s,
        p50_s=p50_s,
        p99_s=p99_s,
    )


def _quantiles(result_set: ResultSet, label: str, shares: Sequence[float]) -> tuple[Estimate | None, ...]:
    """Of each share the geometric mean over blocks; a block has the quantiles of all its clean slices together."""
    blocks = [_merged_quantiles(result_set, label, block.block, shares) for block in result_set.blocks]
    logs = [tuple(map(math.log, found)) for found in blocks if found]
    return tuple(estimates.geometric_mean(each) for each in zip(*logs, strict=True)) or (None,) * len(shares)


def _merged_quantiles(
    result_set: ResultSet, label: str, block: int, shares: Sequence[float]
) -> tuple[float, ...] | None:
    turns = [one for one in result_set.turns if (one.contender, one.block) == (label, block) and one.round]
    merged = histogram.merged(one.recording.latency for one in turns if one.recording and is_clean(one))
    return histogram.quantiles(merged, shares) if merged.counts else None
