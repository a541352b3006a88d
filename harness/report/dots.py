"""The chart of a matrix: in each scenario a line for each contender, its ratio to the reference with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from harness.model import Matrix, MatrixCell, MatrixLine, RunHead, Verdict
from harness.report import canvas, matrices, pictures
from harness.report import format as written
from harness.report.canvas import Margins, Sheet, Words
from harness.report.format import Cell
from harness.report.theme import THEMES, Theme

_LINE_IN = 0.17
_GAP = 0.8  # between two scenarios, in lines
_SCENARIO_LINES = 2  # its name, and what the reference does in it
_VALUES_IN = 2.35
_MOST_TICKS = 9
_FEWEST_TICKS = 3
_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0))
_LEAST_REACH = 1.1  # either side of 1
_READING = (
    "Requests per second over those of {reference} in the same scenario, on a logarithmic scale; under a scenario's "
    "name what {reference} does in it. To the right of 1: more. Dots: filled SERVER-BOUND, open where either number is "
    "doubted; cross: no number to compare. Bars: 95 % intervals, where they are known."
)


class _Dot(NamedTuple):
    """A line of the chart: where it stands, counted downwards, what it shows, and what may be said of that ratio."""

    place: float
    cell: MatrixCell
    verdict: Verdict


class _Group(NamedTuple):
    """A scenario: where its name stands, what the reference does in it, and the lines of all others."""

    place: float
    line: MatrixLine
    reference: MatrixCell | None
    dots: tuple[_Dot, ...]


def draw(head: RunHead, matrix: Matrix) -> Iterator[tuple[str, bytes]]:
    """File name and content of the chart. The same matrix gives the same bytes."""
    for theme in THEMES:
        with canvas.drawing(theme):
            sheet = paint(head, matrix, theme)
            yield f"{pictures.MATRIX.name}-{theme.name}.svg", canvas.svg(sheet)
            yield f"{pictures.MATRIX.name}-{theme.name}.png", canvas.png(sheet)


def paint(head: RunHead, matrix: Matrix, theme: Theme) -> Sheet:
    """A dot for each contender but the reference in each scenario that it takes part in; first who is who."""
    compared = [one.label for one in matrices.contenders(matrix) if one.label != matrix.reference]
    groups, height = _groups(matrix, len(compared))
    words = Words(pictures.MATRIX.title, _READING.format(reference=canvas.short_name(matrix.reference)))
    margins = Margins(canvas.name_width_in([line.scenario for line in matrix.lines]) + 0.3, _VALUES_IN)
    whole, where = matrices.whole(head, matrix), matrices.circumstances(head, matrix)
    sheet = canvas.sheet(whole, theme, words, margins, _LINE_IN * height, circumstances=where)
    sheet.axes[0].set_ylim(height, 0)
    _scale(sheet.axes[0], theme, [dot.cell for group in groups for dot in group.dots])
    _key(sheet, compared)
    for group in groups:
        _name(sheet, group)
        for dot in group.dots:
            _draw(sheet, dot)
    return sheet


def _groups(matrix: Matrix, compared: int) -> tuple[list[_Group], float]:
    """Each scenario with its lines, below as many lines for the key; and the height of all."""
    top, groups = max(1, compared) + _GAP, []
    for line in matrix.lines:
        cells = {cell.contender: cell for cell in matrices.compared_in(matrix, line)}
        reference = cells.pop(matrix.reference, None)
        lines = max(_SCENARIO_LINES, len(cells))
        first = top + (lines - len(cells)) / 2 + 0.5
        dots = tuple(
            _Dot(first + number, cell, matrices.of_ratio(cell, reference)) for number, cell in enumerate(cells.values())
        )
        groups.append(_Group(top + lines / 2, line, reference, dots))
        top += lines + _GAP
    return groups, top


def _key(sheet: Sheet, compared: Sequence[str]) -> None:
    """Who is who, above all scenarios."""
    axes = sheet.axes[0]
    at: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": 8, "weight": "bold"}
    at["bbox"] = {"facecolor": sheet.theme.background, "linewidth": 0, "pad": 1}  # no line of the grid through a name
    if not compared:
        axes.text(0.015, 0.5, "nobody took part but the reference", color=sheet.theme.warning, **at)
    for place, label in enumerate(compared):
        color = sheet.looks[label].color
        axes.plot(0.015, place + 0.5, "o", color=color, markersize=5, transform=axes.get_yaxis_transform())
        axes.text(0.035, place + 0.5, canvas.short_name(label), color=color, **at)


def _name(sheet: Sheet, group: _Group) -> None:
    """A scenario's name, and under it the throughput of the reference."""
    axes, theme = sheet.axes[0], sheet.theme
    axes.axhline(group.place - _half(group) - _GAP / 2, color=theme.grid, linewidth=0.8)
    at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
    at |= {"va": "center", "annotation_clip": False}
    axes.annotate(canvas.short_name(group.line.scenario), (0, group.place), (-10, 6), color=theme.ink, **at)
    absolute = group.reference.requests_per_s if group.reference else None
    said = written.NOT_MEASURED if absolute is None else f"{written.requests_per_s(absolute).main}/s"
    warns = group.reference is None or group.reference.verdict is not Verdict.SERVER_BOUND
    color = theme.warning if warns else theme.muted
    axes.annotate(said, (0, group.place), (-10, -6), size=7.5, color=color, **at)


def _half(group: _Group) -> float:
    return max(_SCENARIO_LINES, len(group.dots)) / 2


def _draw(sheet: Sheet, dot: _Dot) -> None:
    axes, cell, theme = sheet.axes[0], dot.cell, sheet.theme
    color = sheet.looks[cell.contender].color
    doubted = dot.verdict is not Verdict.SERVER_BOUND
    if cell.ratio is None:
        axes.plot(0.015, dot.place, "x", color=color, markersize=5, transform=axes.get_yaxis_transform())
    else:
        if cell.ratio.low is not None and cell.ratio.high is not None:
            axes.hlines(dot.place, cell.ratio.low, cell.ratio.high, color=color, linewidth=2)
        fill = theme.background if doubted else color
        axes.plot(cell.ratio.value, dot.place, "o", color=color, markerfacecolor=fill, markersize=5, zorder=3)
    number, interval = written.ratio(cell.ratio) if cell.ratio else Cell("", "not compared")
    at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    at |= {"va": "center", "annotation_clip": False, "size": 8}
    axes.annotate(number, (1, dot.place), (10, 0), color=color, weight="bold", **at)
    remark = f"{interval} {dot.verdict}" if doubted and not number else dot.verdict if doubted else interval
    axes.annotate(remark, (1, dot.place), (56, 0), color=theme.warning if doubted else theme.muted, **at)


def _scale(axes: Axes, theme: Theme, cells: Sequence[MatrixCell]) -> None:
    """Logarithmic, so that half and double are as far from 1; 1 is always on it."""
    ratios = [cell.ratio for cell in cells if cell.ratio]
    ends = [end for one in ratios for end in (one.value, one.low, one.high) if end]
    least, most = min([1 / _LEAST_REACH, *ends]), max([_LEAST_REACH, *ends])
    room = (most / least) ** 0.04
    axes.set_xscale("log")
    axes.set_xlim(least / room, most * room)
    axes.set_xticks(ticks(least / room, most * room))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.axvline(1, color=theme.muted, linewidth=1, zorder=0.9)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x")
    axes.spines["bottom"].set_visible(False)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, 1 among them: as many as there is room for, or every twentieth where few are."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [
        [value for decade in decades for step in steps if low <= (value := round(step * 10.0**decade, 10)) <= high]
        for steps in _STEPS
    ]
    fitting = [values for values in found if _FEWEST_TICKS <= len(values) <= _MOST_TICKS]
    if fitting:
        return fitting[-1]
    if len(found[0]) > _MOST_TICKS:
        return found[0]
    every = max(1, math.ceil(20 * (high - low) / _MOST_TICKS))
    numbers = range(math.ceil(20 * low), math.floor(20 * high) + 1)
    return [number / 20 for number in numbers if (number - 20) % every == 0]
