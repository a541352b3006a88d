"""What is told of a sweep: a table each of throughput and latency by connections, with the knee."""

from __future__ import annotations

from collections.abc import Callable

from harness.model import Estimate, RunHead, Sweep, SweepCurve, SweepPoint
from harness.report import format as written
from harness.report import origin
from harness.report.format import NOTHING, Cell
from harness.report.pictures import SWEEP_LATENCY, SWEEP_THROUGHPUT
from harness.report.tables import Head, Table
from harness.report.together import DOUBTED, Together, doubted

KNEE = (
    "Knee: the smallest number of connections tried whose throughput, as far as its interval reaches, is 95 % of the "
    "contender's largest. More connections than that buy waiting, not throughput."
)


def told(head: RunHead, sweep: Sweep) -> Together:
    """All that is said of a sweep; the report of each of its runs says more."""
    return Together(
        name=sweep.name,
        quick=head.plan.quick,
        tables=_tables(sweep),
        sentences=(
            KNEE,
            "Latency is closed loop: what connections see that are always busy; a geometric mean over blocks.",
            *(f"{label} {written.cannot(why)}." for label, why in head.absent.items()),
            DOUBTED,
        ),
        provenance=f"{circumstances(head, sweep)} · {origin.versions(head)}.",
        pictures=(SWEEP_THROUGHPUT, SWEEP_LATENCY),
        where="The run at each number of connections",
        runs={f"c{count}": (f"at {count:,}", "") for count in sweep.connections},
    )


def circumstances(head: RunHead, sweep: Sweep) -> str:
    """Where the numbers come from, with all numbers of connections: `1, 10, 100`."""
    return origin.circumstances(head, connections=", ".join(f"{count:,}" for count in sweep.connections))


def _tables(sweep: Sweep) -> tuple[Table, ...]:
    knees = (Head("knee"), [_knee(curve, sweep) for curve in sweep.curves])
    return (
        _table(
            "Requests per second by connections",
            sweep,
            lambda point: point.requests_per_s,
            written.requests_per_s,
            knees,
        ),
        _table("p50 by connections, closed loop", sweep, lambda point: point.p50_s, written.start_duration),
        _table("p99 by connections, closed loop", sweep, lambda point: point.p99_s, written.start_duration),
    )


def _table(
    title: str,
    sweep: Sweep,
    value: Callable[[SweepPoint], Estimate | None],
    show: Callable[[Estimate | None], Cell],
    *more: tuple[Head, list[Cell]],
) -> Table:
    heads = (Head("contender", "name"), *(Head(f"{count:,}") for count in sweep.connections))
    lines = [
        (Cell(curve.member.label), *(doubted(point.verdict, show(value(point))) for point in curve.points))
        for curve in sweep.curves
    ]
    return Table(
        title,
        (*heads, *(head for head, _ in more)),
        tuple((*line, *(cells[place] for _, cells in more)) for place, line in enumerate(lines)),
        sum(curve.member.role == "contender" for curve in sweep.curves),
    )


def _knee(curve: SweepCurve, sweep: Sweep) -> Cell:
    if curve.knee is None:
        return Cell(NOTHING)
    return Cell(f"{curve.knee:,}", "(the most tried)" if curve.knee == sweep.connections[-1] else "")
