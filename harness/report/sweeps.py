"""The report of a sweep: a table each of throughput and latency by connections, as text, and all of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.model import Estimate, RunHead, Sweep, SweepCurve, SweepPoint, Verdict
from harness.report import caveats, document, escape, files, origin, tables, terminal
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.pictures import SWEEP_LATENCY, SWEEP_THROUGHPUT
from harness.report.tables import Head, Table

KNEE = (
    "Knee: the smallest number of connections tried whose throughput, as far as its interval reaches, is 95 % of the "
    "contender's largest. More connections than that buy waiting, not throughput."
)


def show(console: Console, head: RunHead, sweep: Sweep) -> None:
    """Print the tables and what is to be said of them."""
    for table in _tables(sweep):
        console.print(terminal.drawn(table, console.width), Text(), sep="\n")
    for sentence in _sentences(head, sweep):
        console.print(Text(escape.plain(sentence)))


def write(folder: Path, head: RunHead, sweep: Sweep) -> None:
    """Write sweep.json, sweep.md and the charts of a sweep into its folder. Raises StoreError."""
    files.put(folder, derived(head, sweep))


def derived(head: RunHead, sweep: Sweep) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, the cheapest first."""
    yield "sweep.json", f"{sweep.model_dump_json(indent=1)}\n".encode()
    yield "sweep.md", markdown(head, sweep).encode()
    from harness.report import curves  # noqa: PLC0415  # matplotlib takes a second to import

    yield from ((f"charts/{name}", content) for name, content in curves.draw(head, sweep))


def markdown(head: RunHead, sweep: Sweep) -> str:
    """The report of a sweep; that of each of its runs says more."""
    return "\n".join(_parts(head, sweep))


def paste(head: RunHead, sweep: Sweep) -> str:
    """The table of throughput, and one line of provenance."""
    first, *_ = _tables(sweep)
    warning = f"**{caveats.QUICK}**\n\n" if head.plan.quick else ""
    return f"{warning}{tables.markdown(first)}\n{escape.markdown(_provenance(head, sweep))}\n"


def _parts(head: RunHead, sweep: Sweep) -> Iterator[str]:
    yield f"# Rematch: {escape.markdown(sweep.name)}\n"
    for table in _tables(sweep):
        yield f"## {escape.markdown(table.title)}\n\n{tables.markdown(table)}"
    yield "".join(f"* {escape.markdown(sentence)}\n" for sentence in _sentences(head, sweep))
    yield "".join(document.picture_of(one) for one in (SWEEP_THROUGHPUT, SWEEP_LATENCY))
    reports = (f"* [at {count:,}](c{count}/report.md)\n" for count in sweep.connections)
    yield "## The run at each number of connections\n\n" + "".join(reports)


def _sentences(head: RunHead, sweep: Sweep) -> Iterator[str]:
    if head.plan.quick:
        yield caveats.QUICK
    yield KNEE
    yield "Latency is closed loop: what connections see that are always busy; a geometric mean over blocks."
    yield "A word beside a number is its verdict where that is not SERVER-BOUND; the report of its run says why."
    yield _provenance(head, sweep)


def _provenance(head: RunHead, sweep: Sweep) -> str:
    return f"{origin.circumstances(head, listed(sweep))} · {origin.versions(head)}."


def listed(sweep: Sweep) -> str:
    """The numbers of connections: `1, 10, 100`."""
    return ", ".join(f"{count:,}" for count in sweep.connections)


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
        (Cell(curve.member.label), *(_cell(point, show(value(point))) for point in curve.points))
        for curve in sweep.curves
    ]
    return Table(
        title,
        (*heads, *(head for head, _ in more)),
        tuple((*line, *(cells[place] for _, cells in more)) for place, line in enumerate(lines)),
        sum(curve.member.role == "contender" for curve in sweep.curves),
    )


def _cell(point: SweepPoint, shown: Cell) -> Cell:
    doubted = "" if point.verdict is Verdict.SERVER_BOUND else point.verdict
    return Cell(shown.main, f"{shown.note} {doubted}".strip())


def _knee(curve: SweepCurve, sweep: Sweep) -> Cell:
    if curve.knee is None:
        return Cell(NOTHING)
    return Cell(f"{curve.knee:,}", "(the most tried)" if curve.knee == sweep.connections[-1] else "")
