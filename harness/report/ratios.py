"""The chart of an ablation: each variation's throughput over the reference's, those of one choice together."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harness.model import ResultSet, Summary, Verdict
from harness.report import ablation, canvas, escape, pictures, series, strips
from harness.report import format as written
from harness.report.ablation import Variation
from harness.report.canvas import Margins, Sheet, Words
from harness.report.theme import Theme

_ROW_IN = 0.44
_VALUES_IN = 1.9
_LEAST_REACH = 0.05


def draw(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Ratios with intervals, every block a point, a line at 1; what failed has its row and says so."""
    head = result_set.head
    found = ablation.variations(head, summary)
    words = Words(
        pictures.ABLATION.title,
        f"Requests per second over those of {escape.plain(head.plan.reference)}, of which one choice at a time was "
        "made otherwise. Line: the ratio over all blocks; band: its 95 % interval, where one is known; points: each "
        "block, the first on top. *: more came with that choice, and the table says what.",
    )
    names = [_name(one) for one in found]
    margins = Margins(canvas.name_width_in([line for name in names for line in name.split("\n")]), _VALUES_IN)
    sheet = canvas.sheet(head, theme, words, margins, _ROW_IN * max(1, len(found)))
    blocks = [series.block_ratios(result_set, one.row.member.label) for one in found]
    start, end = _reach(found, blocks)
    for place, one in enumerate(found):
        label = one.row.member.label
        ratio = one.row.comparison.ratio if one.row.comparison else None
        strips.points(sheet, place, label, blocks[place] if ratio else (), end)
        strips.estimate(sheet, place, label, ratio, end)
        number, interval = written.ratio(ratio)
        warns = one.row.verdict is not Verdict.SERVER_BOUND
        strips.value(sheet, place, number, f"{interval} {ablation.said(one.row)}".strip(), warns=warns)
    _rows(sheet.axes[0], theme, found, names)
    _scale(sheet.axes[0], theme, start, end)
    return sheet


def _name(one: Variation) -> str:
    """In two lines where one would be too long."""
    star = " *" if one.brings else ""
    if len(one.name + star) <= canvas.NAME_CHARACTERS:
        return escape.plain(one.name + star)
    return f"{escape.plain(one.choice)}:\n{canvas.short_name(one.after)}{star}"


def _reach(found: Sequence[Variation], blocks: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The ends of a scale on which 1, every ratio and every block can be seen."""
    ratios = [one.row.comparison.ratio for one in found if one.row.comparison]
    seen = [1 - _LEAST_REACH, 1 + _LEAST_REACH, *strips.reached(ratios), *(ratio for each in blocks for ratio in each)]
    seen += [one.low for one in ratios if one.low is not None]
    room = 0.04 * (max(seen) - min(seen))
    return min(seen) - room, max(seen) + room


def _rows(axes: Axes, theme: Theme, found: Sequence[Variation], names: Sequence[str]) -> None:
    axes.set_ylim(max(1, len(found)) - 0.5, -0.5)
    axes.set_yticks(range(len(found)), names)
    axes.tick_params(axis="y", labelcolor=theme.ink)
    for place in range(1, len(found)):
        if found[place].choice != found[place - 1].choice:
            axes.axhline(place - 0.5, color=theme.grid, linewidth=1)


def _scale(axes: Axes, theme: Theme, start: float, end: float) -> None:
    axes.axvline(1, color=theme.muted, linewidth=1, zorder=0.9)
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.grid(visible=True, axis="x")
    axes.spines["bottom"].set_visible(False)
