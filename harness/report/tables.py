"""The tables: which rows and columns, in which order; each as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from harness.model import ClaimRow, Claims, OpenLoop, Row, RunHead, Summary
from harness.report import caveats, escape
from harness.report import format as written
from harness.report.columns import COST, IDLE, RATIOS, RESULT, SERVED, SERVICES, Column, Entry, numbered
from harness.report.format import NOTHING, Cell


class Head(NamedTuple):
    """The heading of a column, and whether names, words (left) or numbers (right) stand under it.

    `is_label`: the heading itself is a contender's name.
    """

    text: str
    kind: Literal["number", "estimate", "word", "name"] = "number"
    is_label: bool = False

    @property
    def is_number(self) -> bool:
        return self.kind in {"number", "estimate"}

    @property
    def in_one_line(self) -> str:
        return self.text.replace("-\n", "-").replace("\n@", "@").replace("\n", " ")

    @classmethod
    def of(cls, label: str) -> Head:
        """A contender's name, in two lines."""
        return cls(escape.plain(label).replace("@", "\n@", 1), is_label=True)


class Table(NamedTuple):
    """What is shown. The first `ranked` lines are contenders; yardsticks follow."""

    title: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[Cell, ...], ...]
    ranked: int


def result(head: RunHead, summary: Summary) -> Table:
    """What came out: rank, throughput, ratio, latency, cold start, verdict."""
    interval = "; a range in brackets is a 95 % interval" if any(map(_has_interval, summary.rows)) else ""
    title = f"Result (ratios are to {escape.plain(head.plan.reference)}{interval})"
    return _with_absent(_table(title, RESULT, head, summary), summary)


def ratios(head: RunHead, summary: Summary) -> Table | None:
    """The same ratio by other means; None where there was none."""
    if not any(row.duet or row.other_wait for row in summary.rows):
        return None
    other = "sleeps" if head.plan.wait == "spin" else "spins"
    return _table(f"The ratio by other means (other wait: the generator {other} while it waits)", RATIOS, head, summary)


def open_loop(head: RunHead, summary: Summary) -> Table | None:
    """Latency at fixed rates, rate by rate; None where it was not planned or nothing came of it."""
    found = {(one.share, row.member.label): one for row in summary.rows for one in row.open_loop}
    if not found:
        return None
    notes = caveats.notes(summary)
    rows = [row for row in ordered(summary.rows) if row.member.role != "control"]
    lines = tuple(
        _open_line(row, found.get((share, row.member.label)), caveats.marks(notes, row.member.label, "open loop"))
        for share in head.plan.open_shares
        for row in rows
    )
    return Table("Latency, open loop", _OPEN_HEADS, lines, len(lines))


def cost(head: RunHead, summary: Summary) -> Table:
    """What it cost the server."""
    return _table(f"What it cost (dollars: {_PRICED})", costs(summary), head, summary)


def idle(head: RunHead, summary: Summary) -> Table | None:
    """What an idle WebSocket costs in memory, or why there is none; None where nobody was asked to hold any."""
    asked = tuple(row for row in summary.rows if row.idle)
    if not asked:
        return None
    table = _table("Memory of idle WebSockets", IDLE, head, summary.model_copy(update={"rows": asked}))
    return _with_absent(table, summary)


def served(head: RunHead, summary: Summary) -> Table:
    """How each contender was served: what often matters more than the framework."""
    return _table("How it was served", SERVED, head, summary)


def claims(summary: Summary, published: Claims) -> Table:
    """The published table beside ours, row by row."""
    rows = {row.member.label: row for row in summary.rows}
    lines = tuple(_claim_line(claim, rows[claim.contender]) for claim in published.rows)
    says = f"what {escape.plain(published.source)} says of an {escape.plain(published.host)}"
    return Table(
        f"Measured here, and in brackets {says} (ratios are to its first row)", _CLAIM_HEADS, lines, len(lines)
    )


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Contenders by rank, then those without one, then the yardsticks; each group by throughput, then by label."""
    return tuple(sorted(rows, key=_place))


def markdown(table: Table) -> str:
    """A GitHub table; names are code spans, everything else is escaped."""
    lines = [
        [escape.code(head.in_one_line) if head.is_label else head.in_one_line for head in table.heads],
        ["--:" if head.is_number else "---" for head in table.heads],
        *([_markdown_cell(*pair) for pair in zip(table.heads, line, strict=True)] for line in table.lines),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def costs(summary: Summary) -> tuple[Column, ...]:
    """What services took is a column only where there were any."""
    return (*COST, SERVICES) if any(row.services_share is not None for row in summary.rows) else COST


def _table(title: str, columns: Sequence[Column], head: RunHead, summary: Summary) -> Table:
    notes = caveats.notes(summary)
    rows = ordered(summary.rows)
    entries = [
        Entry(
            row,
            row.member.label == head.plan.reference,
            caveats.marks(notes, row.member.label),
            caveats.marks(notes, row.member.label, "duet"),
        )
        for row in rows
    ]
    return Table(
        title,
        tuple(Head(column.heading, column.kind) for column in columns),
        tuple(tuple(column.cell(entry) for column in columns) for entry in entries),
        sum(row.member.role == "contender" for row in rows),
    )


def _with_absent(table: Table, summary: Summary) -> Table:
    """A table with a line for each that took no part, below the contenders: why stands in its last column."""
    *others, _ = table.heads
    lines = tuple(
        (*(Cell(label if head.kind == "name" else NOTHING) for head in others), Cell(written.cannot(why)))
        for label, why in sorted(summary.absent.items())
    )
    below = (*table.lines[: table.ranked], *lines, *table.lines[table.ranked :])
    return table._replace(lines=below, ranked=table.ranked + len(lines))


def _place(row: Row) -> tuple[bool, float, float, str]:
    throughput = row.requests_per_s.value if row.requests_per_s else 0.0
    return row.member.role != "contender", row.rank or float("inf"), -throughput, row.member.label


_PRICED = "a t3.medium with both CPUs busy, at list prices: $0.0416 an hour and surplus credits"
_CLAIM_HEADS = (
    Head("published row", "word"),
    Head("our contender", "name"),
    Head("requests\nper s"),
    Head("ratio"),
    Head("mean latency\nclosed loop"),
    Head("cold start"),
)


_OPEN_HEADS = (
    Head("rate,\n1/s"),
    Head("contender", "name"),
    *(Head(name) for name in ("p50", "p90", "p99", "p99.9", "max")),
    Head("answered\nin time"),
    Head("no free\nconnection"),
    Head("sent late,\np99"),
)


def _open_line(row: Row, one: OpenLoop | None, marks: tuple[int, ...]) -> tuple[Cell, ...]:
    kind = "" if row.member.role == "contender" else "(floor) " if row.member.role == "null" else "(baseline) "
    name = Cell(row.member.label, f"{kind}{numbered(marks)}".strip())
    if one is None:
        return Cell(NOTHING), name, Cell(written.NOT_MEASURED), *(Cell(NOTHING) for _ in range(len(_OPEN_HEADS) - 3))
    latency = one.latency
    quantiles = (latency.p50_s, latency.p90_s, latency.p99_s, latency.p999_s, latency.max_s)
    return (
        Cell(written.rate(one.rate_per_s)),
        name,
        *(Cell(written.duration(quantile_s)) for quantile_s in quantiles),
        Cell(written.percent(one.in_time)),
        Cell(written.percent(one.queued)),
        Cell(written.duration(one.lag_p99_s)),
    )


def _claim_line(claim: ClaimRow, row: Row) -> tuple[Cell, ...]:
    latency_s = row.latency.mean_s if row.latency else None
    return (
        Cell(claim.title),
        Cell(claim.contender),
        _beside(written.requests_per_s(row.requests_per_s).main, written.rate(claim.claimed_requests_per_s)),
        _beside(written.times(claim.measured_ratio), written.times(claim.claimed_ratio)),
        _beside(written.duration(latency_s), written.duration(claim.claimed_latency_s)),
        _beside(written.start_duration(row.ready_s).main, written.duration(claim.claimed_cold_start_s)),
    )


def _beside(ours: str, theirs: str) -> Cell:
    return Cell(ours, f"({theirs})")


def _has_interval(row: Row) -> bool:
    ratio = row.comparison.ratio if row.comparison else None
    return any(one and one.low is not None for one in (ratio, row.ready_s))


def _markdown_cell(head: Head, cell: Cell) -> str:
    if head.kind == "name" and cell.main != NOTHING:
        return f"{escape.code(cell.main)} {escape.markdown(cell.note)}".strip()
    return escape.markdown(str(cell))
