"""Panels of slices: one per contender, its own median in the middle, block after block from left to right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from harness.model import Row
from harness.report import canvas, series
from harness.report import format as written
from harness.report.canvas import Sheet
from harness.report.series import Slice
from harness.report.theme import Theme

_LEAST_DEVIATION = 0.05


def draw(sheet: Sheet, axes: Axes, row: Row, slices: Sequence[Slice], reach: float) -> None:
    """One contender's slices around its own median, with the median of each block as a line."""
    look, theme = sheet.looks[row.member.label], sheet.theme
    middle = series.median(slices)
    axes.set_ylim(-1.1 * reach, 1.1 * reach)
    axes.set_yticks([-reach, 0, reach], [f"\N{MINUS SIGN}{reach * 100:.0f} %", "0", f"+{reach * 100:.0f} %"])
    axes.axhline(0, color=theme.grid, linewidth=0.8, zorder=0.5)
    failed = [one.at_block for one in slices if one.requests_per_s is None]
    axes.plot(failed, [-reach] * len(failed), "x", color=theme.warning, markersize=4, clip_on=False)
    if middle:
        measured = [(one.at_block, one.requests_per_s / middle - 1) for one in slices if one.requests_per_s]
        axes.plot(
            *zip(*measured, strict=True), ".", color=look.color, markersize=5, alpha=0.7, markeredgewidth=0, zorder=3
        )
        for block, level in series.block_medians(slices).items():
            axes.plot(
                [block, block + 1], [level / middle - 1] * 2, color=look.color, linewidth=1.5, solid_capstyle="butt"
            )
    _names(axes, theme, row, middle)


def stripes(axes: Axes, theme: Theme, blocks: int) -> None:
    """Every other block on a faint ground."""
    axes.set_xlim(0, max(1, blocks))
    axes.tick_params(axis="both", labelsize=7.5)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    for block in range(0, blocks, 2):
        axes.axvspan(block, block + 1, color=theme.grid, alpha=0.35, linewidth=0, zorder=0)


def reach(found: Iterable[Sequence[Slice]]) -> float:
    """The largest deviation of any slice from its contender's median, as a share, rounded up to whole 5 %."""
    return max([_LEAST_DEVIATION, *map(_reach, found)])


def _names(axes: Axes, theme: Theme, row: Row, middle: float | None) -> None:
    name = canvas.name(row.member.label)
    color = theme.ink if row.member.role == "contender" else theme.muted
    axes.annotate(
        name,
        (0, 0.5),
        (-46, 0),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="center",
        color=color,
    )
    said = written.NOT_MEASURED if middle is None else f"median\n{written.number(middle)}/s"
    axes.annotate(said, (1, 0.5), (10, 0), xycoords="axes fraction", textcoords="offset points", va="center", size=8)


def _reach(slices: Sequence[Slice]) -> float:
    middle = series.median(slices)
    if not middle:
        return 0.0
    largest = max(abs(one.requests_per_s / middle - 1) for one in slices if one.requests_per_s)
    return math.ceil(largest / _LEAST_DEVIATION) * _LEAST_DEVIATION
