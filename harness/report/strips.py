"""Rows of points: one row per contender, its name on the left, its number on the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harness.model import Estimate, ResultSet, Row
from harness.report import canvas
from harness.report.canvas import Margins, Sheet, Words
from harness.report.theme import Theme

_ROW_IN = 0.52
_VALUES_IN = 1.9
_SPREAD = 0.28
_BAR = 0.7


def sheet(result_set: ResultSet, rows: Sequence[Row], theme: Theme, words: Words, remarks: Sequence[str] = ()) -> Sheet:
    """An empty sheet with a named row for each, and perhaps a remark under its name; the first is on top."""
    labels = [row.member.label for row in rows]
    names = [f"{canvas.name(label)}\n{remark}".strip() for label, remark in zip_longest(labels, remarks, fillvalue="")]
    margins = Margins(canvas.name_width_in([*labels, *remarks]), _VALUES_IN)
    made = canvas.sheet(result_set.head, theme, words, margins, _ROW_IN * max(1, len(rows)))
    axes = made.axes[0]
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), names)
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_color(theme.ink if row.member.role == "contender" else theme.muted)
    if not rows:
        axes.text(0.5, 0.5, "nothing was measured", transform=axes.transAxes, ha="center", color=theme.warning)
    first_yardstick = sum(row.member.role == "contender" for row in rows)
    if 0 < first_yardstick < len(rows):
        axes.axhline(first_yardstick - 0.5, color=theme.grid, linewidth=1)
    return made


def bar(sheet: Sheet, place: int, label: str, value: float) -> None:
    """A faint bar from zero, so that lengths can be compared."""
    sheet.axes[0].barh(place, value, height=_BAR, color=sheet.looks[label].color, alpha=0.15, linewidth=0)


def points(sheet: Sheet, place: int, label: str, values: Sequence[float], end: float) -> None:
    """Every value as a small point, from the top of the row to its bottom in the order given; none beyond `end`."""
    heights = place + np.linspace(-_SPREAD, _SPREAD, len(values)) if len(values) > 1 else [place]
    shown = [(value, height) for value, height in zip(values, heights, strict=False) if value <= end]
    if shown:
        across, down = zip(*shown, strict=True)
        sheet.axes[0].scatter(across, down, s=10, color=sheet.looks[label].color, alpha=0.75, linewidths=0, zorder=2)


def estimate(sheet: Sheet, place: int, label: str, found: Estimate | None, end: float) -> None:
    """A line for the value, a band for its interval; an arrow where the value lies beyond `end`."""
    if found is None:
        return
    axes, look = sheet.axes[0], sheet.looks[label]
    if found.value > end:
        axes.annotate("", (end, place), (0.94 * end, place), arrowprops={"arrowstyle": "-|>", "color": look.color})
        return
    if found.low is not None and found.high is not None:
        width = found.high - found.low
        axes.barh(place, width, left=found.low, height=_BAR, color=look.color, alpha=0.35, linewidth=0)
    axes.vlines(found.value, place - _BAR / 2, place + _BAR / 2, color=look.color, linewidth=2)


def value(sheet: Sheet, place: int, number: str, remark: str = "", *, warns: bool = False) -> None:
    """The number beside its row, with a remark under it."""
    axes, theme = sheet.axes[0], sheet.theme
    color = theme.warning if warns else theme.muted
    at: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    axes.annotate(number, (1, place), (10, 5 if remark else 0), va="center", weight="bold", **at)
    if remark:
        axes.annotate(remark, (1, place), (10, -7), va="center", size=7.5, color=color, **at)


def reached(estimates: Iterable[Estimate | None]) -> Iterator[float]:
    """How far to the right each estimate goes with its interval."""
    return (one.high if one.high is not None else one.value for one in estimates if one)


def end(values: Sequence[float]) -> float:
    """The end of a scale on which all these values can be seen."""
    return 1.05 * max(values, default=1.0)


def from_zero(axes: Axes, end: float, numbers: FuncFormatter) -> None:
    """A scale that starts at zero, with a few vertical lines."""
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(numbers)
    axes.grid(visible=True, axis="x")
    axes.spines["bottom"].set_visible(False)
