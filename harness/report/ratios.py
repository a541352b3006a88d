"""Charts of ratios, a row for each: the variations of an ablation by choice, the versions of a contender in order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harness.model import Estimate, ResultSet, RunHead, Summary, Verdict
from harness.report import ablation, canvas, escape, pictures, releases, series, strips
from harness.report import format as written
from harness.report.ablation import Variation
from harness.report.canvas import Margins, Sheet, Words
from harness.report.theme import Theme

_ROW_IN = 0.44
_NAME_LINE_IN = 0.2
_VALUES_IN = 1.9
_LEAST_REACH = 0.05
_MEASURED = "Line: the ratio over all blocks; band: its 95 % interval, if known; points: each block, the first on top."


class _Line(NamedTuple):
    """A row of the chart. Those of one `group` stand together; `look`: whose colour it has; `said`: under its ratio."""

    name: str
    group: str
    look: str
    number: str
    ratio: Estimate | None
    blocks: Sequence[float]
    said: str
    warns: bool


def draw(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Ratios of an ablation, with intervals, every block a point, a line at 1; what failed has its row and says so."""
    head = result_set.head
    words = Words(
        pictures.ABLATION.title,
        f"Requests per second over those of {escape.plain(head.plan.reference)}, of which one choice at a time was "
        f"made otherwise. {_MEASURED} *: more came with that choice, and the table says what.",
    )
    return _drawn(head, words, [_varied(one, result_set) for one in ablation.variations(head, summary)], theme)


def draw_releases(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Ratios of the versions of each contender, of one thing joined in their order; what failed says so in its row."""
    found = releases.lines(summary)
    several = releases.has_several_kinds(found)
    to = "the same contender's version that is marked" if several else releases.versions_of(_base(found))
    words = Words(
        pictures.RELEASES.title,
        f"Requests per second over those of {escape.plain(to)}; the oldest version on top. {_MEASURED} "
        "*: something else moved with that version, and the table says what.",
    )
    lines = [_released(line, result_set, several=several) for line in found]
    sheet = _drawn(result_set.head, words, lines, theme)
    if all(len(line.release.versions) == 1 for line in found):
        _join(sheet, lines)
    return sheet


def _base(found: Sequence[releases.Line]) -> releases.Line:
    return next(line for line in found if line.is_base)


def _varied(one: Variation, result_set: ResultSet) -> _Line:
    label, ratio = one.row.member.label, one.row.comparison.ratio if one.row.comparison else None
    return _Line(
        name=_named(one.choice, one.after, " *" if one.brings else ""),
        group=one.choice,
        look=label,
        number=written.ratio(ratio).main,
        ratio=ratio,
        blocks=series.block_ratios(result_set, label) if ratio else (),
        said=f"{written.ratio(ratio).note} {ablation.said(one.row, one.row.comparison)}".strip(),
        warns=one.row.verdict is not Verdict.SERVER_BOUND,
    )


def _released(line: releases.Line, result_set: ResultSet, *, several: bool) -> _Line:
    release, names = line.release, releases.versions_of(line).split(", ")
    ratio = _one(line) if line.is_base else release.comparison.ratio if release.comparison else None
    name = "\n".join(map(canvas.short_name, [*names, *([line.kind] if several else [])]))
    of_base = f"reference, {line.row.verdict}" if line.is_doubted else "reference"
    said = of_base if line.is_base else f"{written.ratio(ratio).note} {line.said}".strip()
    return _Line(
        name=f"{name} *" if release.moved else name,
        group=release.against,
        look=release.against,
        number="1" if line.is_base and ratio else written.ratio(ratio).main,
        ratio=ratio,
        blocks=series.block_ratios(result_set, release.contender, release.against) if release.comparison else (),
        said=said,
        warns=line.is_doubted,
    )


def _one(line: releases.Line) -> Estimate | None:
    """The ratio of a version to itself; None: it was not measured."""
    return Estimate(value=1.0, low=None, high=None, n=1) if line.row.requests_per_s else None


def _drawn(head: RunHead, words: Words, lines: Sequence[_Line], theme: Theme) -> Sheet:
    names = [line.name.split("\n") for line in lines]
    row_in = max([_ROW_IN, *(_NAME_LINE_IN * len(name) for name in names)])
    margins = Margins(canvas.name_width_in([part for name in names for part in name]), _VALUES_IN)
    sheet = canvas.sheet(head, theme, words, margins, row_in * max(1, len(lines)))
    start, end = _reach(lines)
    for place, line in enumerate(lines):
        strips.points(sheet, place, line.look, line.blocks, end)
        strips.estimate(sheet, place, line.look, line.ratio, end)
        strips.value(sheet, place, line.number, line.said, warns=line.warns)
    _rows(sheet.axes[0], theme, lines)
    _scale(sheet.axes[0], theme, start, end)
    return sheet


def _named(choice: str, after: str, star: str) -> str:
    """In two lines where one would be too long."""
    name = f"{choice}: {after}{star}"
    if len(name) <= canvas.NAME_CHARACTERS:
        return escape.plain(name)
    return f"{escape.plain(choice)}:\n{canvas.short_name(after)}{star}"


def _reach(lines: Sequence[_Line]) -> tuple[float, float]:
    """The ends of a scale on which 1, every ratio and every block can be seen."""
    ratios = [line.ratio for line in lines if line.ratio]
    seen = [1 - _LEAST_REACH, 1 + _LEAST_REACH, *strips.reached(ratios)]
    seen += [ratio for line in lines for ratio in line.blocks]
    seen += [one.low for one in ratios if one.low is not None]
    room = 0.04 * (max(seen) - min(seen))
    return min(seen) - room, max(seen) + room


def _rows(axes: Axes, theme: Theme, lines: Sequence[_Line]) -> None:
    axes.set_ylim(max(1, len(lines)) - 0.5, -0.5)
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    axes.tick_params(axis="y", labelcolor=theme.ink)
    for place, (before, after) in enumerate(pairwise(lines)):
        if before.group != after.group:
            axes.axhline(place + 0.5, color=theme.grid, linewidth=1)


def _join(sheet: Sheet, lines: Sequence[_Line]) -> None:
    """Each contender's ratios, from one version to the next."""
    for look, several in groupby(enumerate(lines), lambda placed: placed[1].look):
        measured = [(line.ratio.value, place) for place, line in several if line.ratio]
        if measured:
            across, down = zip(*measured, strict=True)
            sheet.axes[0].plot(across, down, color=sheet.looks[look].color, linewidth=1, alpha=0.6, zorder=1.5)


def _scale(axes: Axes, theme: Theme, start: float, end: float) -> None:
    axes.axvline(1, color=theme.muted, linewidth=1, zorder=0.9)
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.grid(visible=True, axis="x")
    axes.spines["bottom"].set_visible(False)
