"""Cold starts beyond the one in the result: every variant of them, and the dearest imports."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Imports, RunHead, StartVariant, Summary
from harness.report import format as written
from harness.report import tables
from harness.report.format import Cell
from harness.report.tables import Head, Table

_IN_SHORT = 3


def variants(summary: Summary) -> Table | None:
    """Each contender in each variant of its starts; None where all were warm."""
    rows = [row for row in tables.ordered(summary.rows) if row.starts]
    if {variant for row in rows for variant in row.starts} <= {StartVariant.WARM}:
        return None
    lines = tuple(
        (
            Cell(row.member.label),
            Cell(variant.in_words),
            written.start_duration(started.listening_s),
            written.start_duration(started.ready_s),
        )
        for row in rows
        for variant, started in row.starts.items()
    )
    return Table("Cold start (medians; warm: with bytecode and page cache)", _VARIANT_HEADS, lines, len(lines))


def imports(summary: Summary) -> Table | None:
    """The dearest imports of each contender; None where none was told of."""
    lines = tuple(
        (
            Cell(row.member.label),
            Cell(one.module),
            Cell(written.duration(one.self_s)),
            Cell(written.duration(one.cumulative_s)),
        )
        for row in tables.ordered(summary.rows)
        for one in (row.imports.dearest if row.imports else ())
    )
    return Table("The dearest imports", _IMPORT_HEADS, lines, len(lines)) if lines else None


def imported(summary: Summary) -> Iterator[tuple[str, str]]:
    """Label and one sentence on what a contender imports."""
    for row in tables.ordered(summary.rows):
        if row.imports:
            yield row.member.label, _in_short(row.imports)


def remarks(head: RunHead) -> Iterator[str]:
    """What was planned of the starts and could not be done."""
    if head.plan.starts_by_variant.get(StartVariant.DROPPED) and not head.drops_page_cache:
        yield f"Cold starts {StartVariant.DROPPED.in_words} were planned and left out: not possible here."


_VARIANT_HEADS = (
    Head("contender", "name"),
    Head("started", "word"),
    Head("listening", "estimate"),
    Head("first correct\nanswer", "estimate"),
)
_IMPORT_HEADS = (
    Head("contender", "name"),
    Head("module", "name"),
    Head("by itself"),
    Head("with what\nit imports"),
)


def _in_short(found: Imports) -> str:
    dearest = ", ".join(f"{one.module} {written.duration(one.self_s)}" for one in found.dearest[:_IN_SHORT])
    return f"imports {written.count(found.modules)} modules; the dearest by themselves: {dearest}."
