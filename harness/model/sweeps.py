"""What several runs say together that differ in nothing but their number of connections."""

from __future__ import annotations

from harness.model.meaning import Estimate, Verdict
from harness.model.runs import Member
from harness.model.value import Value


class SweepPoint(Value):
    """One contender at one number of connections; `p50_s` and `p99_s` are closed loop, geometric means over blocks."""

    connections: int
    verdict: Verdict
    requests_per_s: Estimate | None
    p50_s: Estimate | None
    p99_s: Estimate | None


class SweepCurve(Value):
    """One contender, point by point. `knee`: the number of connections beyond which throughput hardly grows."""

    member: Member
    points: tuple[SweepPoint, ...]
    knee: int | None


class Sweep(Value):
    """A sweep: its numbers of connections, ascending, and a curve for each contender in the order of the runs."""

    name: str
    connections: tuple[int, ...]
    curves: tuple[SweepCurve, ...]
