"""The tables: which rows and columns, in which order; each as a terminal table, as Markdown, and all of them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from rich import box
from rich import table as rich_table
from rich.text import Text

from harness.model import ClaimRow, Estimate, Row, RunHead, Summary
from harness.report import caveats, escape
from harness.report import format as written
from harness.report.columns import COST, ONLY_IN_CSV, RESULT, SERVED, Column, Datum, Entry
from harness.report.format import NOT_MEASURED, NOTHING, Cell


class Head(NamedTuple):
    """The heading of a column, and whether names, words (left) or numbers (right) stand under it."""

    text: str
    kind: Literal["number", "estimate", "word", "name"] = "number"


class Table(NamedTuple):
    """What is shown. The first `ranked` lines are contenders; yardsticks follow."""

    title: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[Cell, ...], ...]
    ranked: int


def result(head: RunHead, summary: Summary) -> Table:
    """What came out: rank, throughput, ratio, latency, cold start, verdict."""
    title = f"Result (ratios are to {escape.plain(head.plan.reference)}; brackets: 95 % interval)"
    return _table(title, RESULT, head, summary)


def cost(head: RunHead, summary: Summary) -> Table:
    """What it cost the server."""
    return _table("What it cost (dollars: a t3.medium at list price, fully used)", COST, head, summary)


def served(head: RunHead, summary: Summary) -> Table:
    """How each contender was served: what often matters more than the framework."""
    return _table("How it was served", SERVED, head, summary)


def claims(summary: Summary) -> Table | None:
    """The published table beside ours, row by row; None where no claim was given."""
    if not summary.claims:
        return None
    rows = {row.member.label: row for row in summary.rows}
    lines = tuple(_claim_line(claim, rows.get(claim.contender or "")) for claim in summary.claims)
    source = escape.plain(summary.claims_source or "a published table")
    return Table(
        f"Measured, and in brackets what {source} says (ratios are to its first row)", _CLAIM_HEADS, lines, len(lines)
    )


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Contenders by rank, then those without one, then the yardsticks; each group by throughput, then by label."""
    return tuple(sorted(rows, key=_place))


def terminal(table: Table) -> rich_table.Table:
    """For a terminal of 100 columns; intervals stand under their numbers."""
    drawn = rich_table.Table(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for head in table.heads:
        drawn.add_column(
            head.text, justify="right" if _is_number(head) else "left", no_wrap=_is_number(head), overflow="fold"
        )
    for index, line in enumerate(table.lines, 1):
        drawn.add_row(*map(_terminal_cell, line), end_section=index == table.ranked < len(table.lines))
    return drawn


def markdown(table: Table) -> str:
    """A GitHub table; names are code spans, everything else is escaped."""
    lines = [
        [head.text.replace("\n", " ") for head in table.heads],
        ["--:" if _is_number(head) else "---" for head in table.heads],
        *([_markdown_cell(*pair) for pair in zip(table.heads, line, strict=True)] for line in table.lines),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def csv_text(summary: Summary) -> str:
    """One line per contender, SI units, empty where not measured; text cannot act as a formula."""
    columns = {column.key: column for column in (*RESULT, *COST, *SERVED, *ONLY_IN_CSV)}.values()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([key for column in columns for key in _csv_keys(column)])
    for row in ordered(summary.rows):
        writer.writerow([value for column in columns for value in _csv_values(column, column.value(row))])
    return file.getvalue()


def _table(title: str, columns: Sequence[Column], head: RunHead, summary: Summary) -> Table:
    notes = caveats.notes(summary)
    rows = ordered(summary.rows)
    entries = [
        Entry(row, row.member.label == head.plan.reference, caveats.marks(notes, row.member.label)) for row in rows
    ]
    return Table(
        title,
        tuple(Head(column.heading, column.kind) for column in columns),
        tuple(tuple(column.cell(entry) for column in columns) for entry in entries),
        sum(row.member.role == "contender" for row in rows),
    )


def _place(row: Row) -> tuple[bool, float, float, str]:
    throughput = row.requests_per_s.value if row.requests_per_s else 0.0
    return row.member.role != "contender", row.rank or float("inf"), -throughput, row.member.label


_CLAIM_HEADS = (
    Head("published row", "word"),
    Head("our contender", "name"),
    Head("requests\nper s"),
    Head("ratio"),
    Head("mean latency\nclosed loop"),
    Head("cold start"),
)


def _claim_line(claim: ClaimRow, row: Row | None) -> tuple[Cell, ...]:
    throughput = row.requests_per_s.value if row and row.requests_per_s else None
    latency_s = row.latency.mean_s if row and row.latency else None
    ready_s = row.ready_s.value if row and row.ready_s else None
    return (
        Cell(claim.title),
        Cell(claim.contender or NOTHING),
        _beside(written.rate, throughput, claim.claimed_requests_per_s),
        _beside(written.times, claim.measured_ratio, claim.claimed_ratio),
        _beside(written.duration, latency_s, claim.claimed_latency_s),
        _beside(written.duration, ready_s, claim.claimed_cold_start_s),
    )


def _beside(show: Callable[[float | None], str], ours: float | None, theirs: float) -> Cell:
    return Cell(show(ours), f"({show(theirs)})")


def _is_number(head: Head) -> bool:
    return head.kind in {"number", "estimate"}


def _terminal_cell(cell: Cell) -> Text:
    shown = Text("not\nmeasured" if cell.main == NOT_MEASURED else escape.plain(cell.main))
    return shown.append(f"\n{escape.plain(cell.note)}", style="dim") if cell.note else shown


def _markdown_cell(head: Head, cell: Cell) -> str:
    if head.kind == "name" and cell.main != NOTHING:
        return f"{escape.code(cell.main)} {escape.markdown(cell.note)}".strip()
    return escape.markdown(str(cell))


def _csv_keys(column: Column) -> Iterator[str]:
    yield column.key
    if column.kind == "estimate":
        yield from (f"{column.key}_{part}" for part in ("low", "high", "n"))


def _csv_values(column: Column, value: Datum) -> Iterator[str | float | None]:
    if column.kind != "estimate":
        yield escape.csv_text(value) if isinstance(value, str) else value  # type: ignore[misc]
    elif isinstance(value, Estimate):
        yield from (value.value, value.low, value.high, value.n)
    else:
        yield from (None,) * 4
