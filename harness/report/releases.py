"""Which version is the faster one: each beside the one that it is held to, as a table, as sentences and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from harness.model import Release, Row, Summary, Verdict
from harness.report import ablation, caveats, escape
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.tables import Head, Table

TITLE = "Which version is the faster one"
MOVED = (
    "What else differs comes with a version, or had to make way for it, and cannot be kept apart from it. All else is "
    "what the app's own lock says; the locks are in the run's folder."
)
_KEYS = (
    *("contender", "against", "versions", "moved", "requests_per_s"),
    *("ratio", "ratio_low", "ratio_high", "n", "call", "verdict"),
)


class Line(NamedTuple):
    """A release with its row, and with the row of the version that it is held to."""

    release: Release
    row: Row
    base: Row

    @property
    def is_base(self) -> bool:
        return self.release.contender == self.release.against

    @property
    def kind(self) -> str:
        """What it is a version of."""
        return f"{self.row.member.app}@{self.row.member.deployment}"

    @property
    def is_doubted(self) -> bool:
        """Whether its number, or the one that it is held to, is not to be trusted."""
        return {self.row.verdict, self.base.verdict} != {Verdict.SERVER_BOUND}

    @property
    def said(self) -> str:
        """What may be said of it."""
        own = ablation.said(self.row, self.release.comparison)
        return self.base.verdict.value if self.row.verdict is Verdict.SERVER_BOUND and self.is_doubted else own


def lines(summary: Summary) -> tuple[Line, ...]:
    """Contender by contender, the oldest version first."""
    rows = {row.member.label: row for row in summary.rows}
    return tuple(Line(one, rows[one.contender], rows[one.against]) for one in summary.releases)


def has_several_kinds(found: tuple[Line, ...]) -> bool:
    """Whether more than one contender stands at several versions."""
    return len({line.release.against for line in found}) > 1


def table(summary: Summary) -> Table:
    """The versions, throughput, ratio, call, what else differs, and the verdict."""
    found, notes = lines(summary), caveats.notes(summary)
    names = tuple(dict.fromkeys(name for line in found for name in line.release.versions))
    several = has_several_kinds(found)
    heads = (
        *([Head("contender", "name")] if several else []),
        *(Head(escape.plain(name), "name") for name in names),
        Head("requests\nper s"),
        Head("ratio"),
        Head("call", "word"),
        Head("what else differs", "word"),
        Head("verdict", "word"),
    )
    shown = tuple(
        (
            *([Cell(line.kind)] if several else []),
            *(Cell(line.release.versions.get(name) or NOTHING) for name in names),
            *_cells(line, caveats.marks(notes, line.row.member.label)),
        )
        for line in found
    )
    return Table(TITLE, heads, shown, len(shown))


def sentences(summary: Summary) -> Iterator[str]:
    """One for each version that is held to another, in plain text."""
    found = lines(summary)
    for line in found:
        if not line.is_base:
            of = f"{line.kind}, " if has_several_kinds(found) else ""
            ratio = f", {written.ratio(line.release.comparison.ratio)}" if line.release.comparison else ""
            moved = f"; what else differs: {moved_of(line.release)}" if line.release.moved else ""
            yield escape.plain(f"{of}{versions_of(line)} against {_short(line, found)}: {line.said}{ratio}{moved}.")


def versions_of(line: Line) -> str:
    """As in `fastapi 0.115.14, python 3.12.1`."""
    return ", ".join(f"{name} {version or 'none'}" for name, version in line.release.versions.items())


def moved_of(release: Release) -> str:
    """As in `starlette 0.46.2, no annotated-doc`."""
    return ", ".join(f"{name} {version}" if version else f"no {name}" for name, version in release.moved.items())


def csv_text(summary: Summary) -> str:
    """The table in SI units, empty where not measured; text cannot act as a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_KEYS)
    for line in lines(summary):
        writer.writerow([escape.csv_text(value) if isinstance(value, str) else value for value in _values(line)])
    return file.getvalue()


def _short(line: Line, found: tuple[Line, ...]) -> str:
    """The version that it is held to; without the name where there is but one."""
    base = next(one for one in found if one.release.contender == line.release.against)
    versions = list(base.release.versions.values())
    return versions_of(base) if len(versions) > 1 else versions[0] or "none"


def _cells(line: Line, marks: tuple[int, ...]) -> Iterator[Cell]:
    comparison = line.release.comparison
    yield Cell(written.requests_per_s(line.row.requests_per_s).main)
    yield Cell("1", "(reference)") if line.is_base else written.ratio(comparison.ratio if comparison else None)
    yield Cell(
        comparison.call if comparison else NOTHING,
        "within the margin" if comparison and comparison.within_margin else "",
    )
    yield Cell(moved_of(line.release) or NOTHING)
    yield Cell(line.row.verdict, f"[{', '.join(map(str, marks))}]" if marks else "")


def _values(line: Line) -> Iterator[str | float | None]:
    comparison, throughput = line.release.comparison, line.row.requests_per_s
    ratio = comparison.ratio if comparison else None
    yield from (line.release.contender, line.release.against, versions_of(line), moved_of(line.release))
    yield throughput.value if throughput else None
    yield from (ratio.value, ratio.low, ratio.high, ratio.n) if ratio else (None,) * 4
    yield comparison.call.value if comparison else None
    yield line.row.verdict.value
