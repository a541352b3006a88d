"""What moved the number: each variation of the reference, by the choice in which it differs, as a table and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from harness.model import Comparison, Row, RunHead, Summary, Verdict
from harness.report import caveats, escape
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.tables import Head, Table

BRINGS = "What stands in brackets comes with a choice and cannot be kept apart from it."
_NAMES = {"json_library": "JSON library", "keep_alive": "keep-alive"}
_HEADS = (
    Head("choice", "word"),
    Head("from", "word"),
    Head("to", "word"),
    Head("ratio"),
    Head("call", "word"),
    Head("verdict", "word"),
)
_KEYS = ("contender", "choice", "from", "to", "brings", "ratio", "ratio_low", "ratio_high", "n", "call", "verdict")


class Variation(NamedTuple):
    """A row that differs from the reference in one choice, and in what that `brings` with it (name and value)."""

    row: Row
    choice: str
    before: str
    after: str
    brings: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What was changed, and to what: `worker class: sync`."""
        return f"{self.choice}: {self.after}"


def variations(head: RunHead, summary: Summary) -> tuple[Variation, ...]:
    """All of them, in the order of the run, those of one choice together."""
    rows = {row.member.label: row for row in summary.rows}
    before = rows[head.plan.reference].member.choices
    choices = list(dict.fromkeys(head.varies.values()))
    ordered = sorted(head.varies, key=lambda label: choices.index(head.varies[label]))
    return tuple(_variation(rows[label], head.varies[label], before) for label in ordered)


def table(head: RunHead, summary: Summary) -> Table:
    """Choice, from, to, ratio, call and verdict of every variation."""
    notes = caveats.notes(summary)
    found = variations(head, summary)
    title = f"What moved the number (ratios are to {escape.plain(head.plan.reference)})"
    lines = tuple(_line(one, caveats.marks(notes, one.row.member.label)) for one in found)
    return Table(title, _HEADS, lines, len(lines))


def csv_text(head: RunHead, summary: Summary) -> str:
    """The table in SI units, empty where not measured; text cannot act as a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_KEYS)
    for one in variations(head, summary):
        writer.writerow([escape.csv_text(value) if isinstance(value, str) else value for value in _values(one)])
    return file.getvalue()


def said(row: Row, comparison: Comparison | None) -> str:
    """What may be said of a row's ratio; where its number is not to be trusted or is none, the word for that."""
    if row.verdict is not Verdict.SERVER_BOUND or comparison is None:
        return f"failed at {row.failures[0].stage}" if row.failures and comparison is None else row.verdict.value
    return comparison.call.value


def _variation(row: Row, varies: str, before: Mapping[str, str | int | None]) -> Variation:
    after = row.member.choices
    brings = (name for name in after if name != varies and after[name] != before[name])
    return Variation(
        row,
        _name(varies),
        _shown(before[varies]),
        _shown(after[varies]),
        tuple((_name(one), _shown(after[one])) for one in brings),
    )


def _line(one: Variation, marks: tuple[int, ...]) -> tuple[Cell, ...]:
    comparison = one.row.comparison
    brings = ", ".join(f"{name} {value}" for name, value in one.brings)
    numbers = ", ".join(map(str, marks))
    return (
        Cell(one.choice),
        Cell(one.before),
        Cell(one.after, f"({brings})" if brings else ""),
        written.ratio(comparison.ratio if comparison else None),
        Cell(
            comparison.call if comparison else NOTHING,
            "within the margin" if comparison and comparison.within_margin else "",
        ),
        Cell(one.row.verdict, f"[{numbers}]" if numbers else ""),
    )


def _values(one: Variation) -> Iterator[str | float | None]:
    ratio = one.row.comparison.ratio if one.row.comparison else None
    yield from (one.row.member.label, one.choice, one.before, one.after)
    yield "; ".join(f"{name}: {value}" for name, value in one.brings)
    yield from (ratio.value, ratio.low, ratio.high, ratio.n) if ratio else (None,) * 4
    yield one.row.comparison.call.value if one.row.comparison else None
    yield one.row.verdict.value


def _name(choice: str) -> str:
    return _NAMES.get(choice, choice.replace("_", " "))


def _shown(value: str | int | None) -> str:
    return NOTHING if value is None else str(value)
