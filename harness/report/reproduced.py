"""What several occasions say together: one table of the contenders, one of the occasions, and what the words mean."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from harness.model import Estimate, Occasion, Pooled, Series, Verdict
from harness.report import escape, tables, terminal
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.tables import Head, Table

_POOLED = (
    Head("contender", "name"),
    Head("occasions"),
    Head("ratio\nmean"),
    Head("ratio\nby\nprecision"),
    Head("between\noccasions"),
    Head("p of no\nspread"),
    Head("intervals\nthat hold\nthe mean"),
    Head("next\noccasion"),
)
_BY_DUET = "(by duet)"
_WORDS = {
    "ratio, mean": (
        "over occasions, each of which counts by its own precision and the spread between them, with the 95 % "
        "interval; by precision: as if there were no such spread."
    ),
    "between occasions": (
        "the standard deviation of the true ratio between them, beyond what their own intervals tell, with its 95 % "
        "interval."
    ),
    "p of no spread": "how often occasions would differ so much or more if only their own errors moved them.",
    "by duet": (
        "the ratio of what a request costs, from occasions that had duets: two contenders under load at the same time."
    ),
    "next occasion": (
        "where the true ratio of another occasion lies, 95 times in 100. What a run measures of it has its own "
        "interval beside."
    ),
}


def show(every: Sequence[Series], console: Console) -> None:
    """Print each series, and then what the words mean."""
    for one in every:
        console.print(Text(title(one), style="bold"))
        for table in (pooled(one), occasions(one)):
            console.print(terminal.drawn(table, console.width), Text(), sep="\n")
        for line in remarks(one):
            console.print(_indented(Text(line)), Text(), sep="\n")
    for word, meaning in _WORDS.items() if every else ():
        console.print(_indented(Text.assemble((word, "bold"), f": {meaning}")))


def markdown(every: Sequence[Series]) -> str:
    """The same as a document."""
    return "\n".join(("# Rematch: occasions\n", *map(_section, every), _list(_words())))


def title(series: Series) -> str:
    """What was repeated, how often, over how long."""
    first, last = series.occasions[0], series.occasions[-1]
    boots = len({one.boot_id for one in series.occasions})
    hours = (last.at - first.at) / 3600
    return escape.plain(
        f"{_counted(len(series.occasions), 'occasion')} over {hours:.1f} hours, {_counted(boots, 'boot')}: "
        f"line-up {first.lineup}, scenario {first.scenario}, {first.connections} connections, "
        f"{_counted(first.blocks, 'block')} each, {first.cpu_model or 'unknown CPU'}"
    )


def pooled(series: Series) -> Table:
    """One line per contender that is no reference; another one by duets, where there were any."""
    lines = (
        *(_pooled_line(Cell(label), one) for label, one in series.pooled.items()),
        *(_pooled_line(Cell(label, _BY_DUET), one) for label, one in series.pooled_duets.items()),
    )
    reference = escape.plain(series.occasions[0].reference)
    return Table(
        f"Together (ratios are to {reference}; a range in brackets is a 95 % interval)", _POOLED, lines, len(lines)
    )


def occasions(series: Series) -> Table:
    """One line per occasion, with the ratio of each contender as its own run told it."""
    heads = (
        Head("run", "name"),
        Head("started"),
        Head("control\nper s"),
        *(Head(escape.plain(label)) for label in series.pooled),
        *(Head(f"{escape.plain(label)}\n{_BY_DUET}") for label in series.pooled_duets),
    )
    lines = tuple(_occasion_line(one, [*series.pooled], [*series.pooled_duets]) for one in series.occasions)
    return Table("Each occasion", heads, lines, len(lines))


def remarks(series: Series) -> Iterator[str]:
    """How steady the machine was, and where too few occasions allow nothing."""
    levels = [math.log(one.control_per_s) for one in series.occasions if one.control_per_s]
    if len(levels) > 1:
        yield f"The control's level varied by ± {written.percent(math.expm1(statistics.stdev(levels)))} between them."
    left_out = {label: _unsettled(series, label) for label in series.pooled}
    said = ", ".join(f"{escape.plain(label)} {count}" for label, count in left_out.items() if count)
    if said:
        yield f"Left out of what is said together, for it or the reference is not SERVER-BOUND there: {said}."
    few = [escape.plain(label) for label, one in series.pooled.items() if one is None]
    if few:
        yield f"Too few settled occasions with an interval to say anything together: {', '.join(few)}."


def _unsettled(series: Series, label: str) -> int:
    """In how many occasions it has a ratio that decides nothing."""
    rows = [(one, row) for one in series.occasions for row in one.rows if row.contender == label]
    return sum(row.ratio is not None and not one.is_settled(row) for one, row in rows)


def _words() -> Iterator[str]:
    return (f"**{word}**: {escape.markdown(meaning)}" for word, meaning in _WORDS.items())


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))


def _section(series: Series) -> str:
    shown = (pooled(series), occasions(series))
    body = "\n".join(f"### {escape.markdown(table.title)}\n\n{tables.markdown(table)}" for table in shown)
    return f"## {escape.markdown(title(series))}\n\n{body}\n{_list(map(escape.markdown, remarks(series)))}"


def _list(lines: Iterable[str]) -> str:
    return "".join(f"* {line}\n" for line in lines)


def _pooled_line(name: Cell, one: Pooled | None) -> tuple[Cell, ...]:
    if one is None:
        return name, *(Cell(NOTHING) for _ in _POOLED[1:])
    return (
        name,
        Cell(str(one.n)),
        written.ratio(one.ratio),
        written.ratio(one.by_precision),
        _spread(one.between),
        Cell(f"{one.no_spread_p:.2g}"),
        Cell(f"{one.holding} of {one.n}"),
        Cell(f"{written.number(one.next_low)} to {written.number(one.next_high)}"),
    )


def _spread(between: Estimate) -> Cell:
    """Of a logarithm, so `expm1` makes a share of it."""
    low, high = (written.percent(math.expm1(one)) for one in (between.low or 0.0, between.high or 0.0))
    return Cell(f"± {written.percent(math.expm1(between.value))}", f"({low.removesuffix(' %')} to {high})")


def _occasion_line(one: Occasion, labels: Sequence[str], by_duet: Sequence[str]) -> tuple[Cell, ...]:
    rows = {row.contender: row for row in one.rows}
    return (
        Cell(one.run),
        Cell(written.moment(one.at)),
        Cell(written.rate(one.control_per_s)),
        *(_ratio(rows[label].ratio, rows[label].verdict) if label in rows else Cell(NOTHING) for label in labels),
        *(written.ratio(duet) if label in rows and (duet := rows[label].duet) else Cell(NOTHING) for label in by_duet),
    )


def _ratio(ratio: Estimate | None, verdict: Verdict) -> Cell:
    """A verdict other than SERVER-BOUND stands beside the ratio."""
    cell = written.ratio(ratio) if ratio else Cell(NOTHING)
    return cell if verdict is Verdict.SERVER_BOUND else Cell(cell.main, f"{cell.note} {verdict}".strip())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
