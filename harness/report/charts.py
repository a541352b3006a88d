"""The charts: throughput, latency, cold start and slices; each as SVG and PNG, for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from harness.model import Estimate, ResultSet, Row, Summary, Verdict
from harness.report import beside, canvas, caveats, panels, pictures, ratios, series, strips, tables
from harness.report import format as written
from harness.report.canvas import Margins, Sheet, Words
from harness.report.series import Curve
from harness.report.theme import THEMES, Theme

_PANEL_IN = 0.72
_CURVES_IN = 3.6
_NAMES_IN = 2.35
NAME_IN = 0.36
_NINES = (0.30103, 1.0, 2.0, 3.0, 4.0)  # -log10(1 - share)


def draw(result_set: ResultSet, summary: Summary) -> Iterator[tuple[str, bytes]]:
    """File name and content of every chart. The same run gives the same bytes."""
    for picture in pictures.shown(result_set.head, summary):
        for theme in THEMES:
            with canvas.drawing(theme):
                sheet = _PAINTED[picture](result_set, summary, theme)
                yield f"{picture.name}-{theme.name}.svg", canvas.svg(sheet)
                yield f"{picture.name}-{theme.name}.png", canvas.png(sheet)


def throughput(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Requests per second with intervals, every block a point; only `null` may be off the scale, and has an arrow."""
    rows = tables.ordered(summary.rows)
    band = _band(row.requests_per_s for row in rows)
    words = Words(
        pictures.THROUGHPUT.title,
        f"More is better. Line: the estimate over all blocks{band}; points: each block, "
        "the first on top. Grey rows are no contenders. Arrow: off the scale, and its blocks with it.",
    )
    sheet = strips.sheet(result_set, rows, theme, words)
    blocks = {row.member.label: series.block_throughputs(result_set, row.member.label) for row in rows}
    end = _throughput_end(rows, blocks)
    for place, row in enumerate(rows):
        label = row.member.label
        if row.requests_per_s:
            strips.bar(sheet, place, label, min(end, row.requests_per_s.value))
        strips.points(sheet, place, label, blocks[label], end)
        strips.estimate(sheet, place, label, row.requests_per_s, end)
        strips.value(sheet, place, *_throughput_words(row), warns=row.verdict is not Verdict.SERVER_BOUND)
    strips.from_zero(sheet.axes[0], end, FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return sheet


def cold_start(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Spawn to first correct answer, every start a point; a row for each variant of a contender's starts."""
    shown = [(row, variant) for row in tables.ordered(summary.rows) for variant in row.starts]
    several = len({variant for _, variant in shown}) > 1
    estimates = [row.starts[variant].ready_s for row, variant in shown]
    words = Words(
        pictures.COLD_START.title,
        f"Less is better. Points: starts, the first on top; line: their median{_band(estimates)}.",
    )
    remarks = [variant.in_words for _, variant in shown] if several else []
    sheet = strips.sheet(result_set, [row for row, _ in shown], theme, words, remarks)
    times_s = [series.ready_times(result_set, row.member.label, variant) for row, variant in shown]
    end = strips.end([*(time_s for times in times_s for time_s in times), *strips.reached(estimates)])
    for place, ((row, variant), times, estimate) in enumerate(zip(shown, times_s, estimates, strict=True)):
        label = row.member.label
        strips.points(sheet, place, label, times, end)
        strips.estimate(sheet, place, label, estimate, end)
        number, remark = written.start_duration(estimate)
        failed = series.failed_starts(result_set, label, variant)
        if failed:
            remark = f"{failed} of {failed + len(times)} starts failed"
        strips.value(sheet, place, number, remark, warns=failed > 0)
    strips.from_zero(sheet.axes[0], end, FuncFormatter(lambda value, _: f"{value * 1000:,g} ms"))
    return sheet


def latency(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Latency by percentile, both axes logarithmic; `null` shows the floor of the measurement."""
    reading = (
        "Less is better. To the right, ever slower requests: at 99 %, one of 100 took longer than the curve says. "
        "The curve of null is the floor of the measurement. "
    )
    closed = caveats.CLOSED_LOOP.format(connections=result_set.head.plan.connections)
    words = Words(pictures.LATENCY.title, reading + closed)
    rows = tables.ordered(summary.rows)
    sheet = canvas.sheet(result_set.head, theme, words, Margins(0.75, _NAMES_IN, 0.5), curves_in(len(rows)))
    found = {row.member.label: series.latency_curve(result_set, row.member.label) for row in rows}
    curves = {label: curve for label, curve in found.items() if curve}
    for label, curve in curves.items():
        look = sheet.looks[label]
        sheet.axes[0].plot(curve.nines, curve.latencies_s, color=look.color, linestyle=look.dashes, linewidth=2)
    _percentile_axes(sheet.axes[0], max((curve.nines[-1] for curve in curves.values()), default=1.0))
    _name_curves(sheet, curves, rows)
    return sheet


def slices(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Each slice's throughput against its contender's median, over the run: one panel per contender, one scale."""
    words = Words(
        pictures.SLICES.title,
        "Points: slices, as deviation from the contender's own median; lines: block medians; stripes: blocks; "
        "crosses: failed slices. One scale for all: waves that all share come from the machine.",
    )
    rows = tables.ordered(summary.rows)
    labels = [row.member.label for row in rows]
    margins = Margins(canvas.name_width_in(labels) + 0.5, 1.1)
    sheet = canvas.sheet(result_set.head, theme, words, margins, _PANEL_IN * len(rows), len(rows))
    found = {label: series.slices(result_set, label) for label in labels}
    reach = panels.reach(found.values())
    for axes, row in zip(sheet.axes, rows, strict=True):
        panels.draw(sheet, axes, row, found[row.member.label], reach)
        panels.stripes(axes, theme, result_set.head.plan.blocks)
    sheet.axes[-1].xaxis.set_major_locator(MaxNLocator(12, integer=True))
    sheet.axes[-1].set_xlabel("blocks")
    return sheet


_PAINTED = {
    pictures.THROUGHPUT: throughput,
    pictures.LATENCY: latency,
    pictures.COLD_START: cold_start,
    pictures.SLICES: slices,
    pictures.RATIOS: beside.ratios,
    pictures.OPEN_LOOP: beside.open_loop,
    pictures.ABLATION: ratios.draw,
    pictures.RELEASES: ratios.draw_releases,
}
CHARTS = {picture.name: _PAINTED[picture] for picture in pictures.PICTURES}


def _throughput_end(rows: Sequence[Row], blocks: Mapping[str, Sequence[float]]) -> float:
    """Beyond all that is drawn of any row but `null`, which would leave no room for the others; alone, it has all."""
    shown = [row for row in rows if row.member.role != "null" and row.requests_per_s] or rows
    return strips.end(
        [
            *strips.reached(row.requests_per_s for row in shown),
            *(per_s for row in shown for per_s in blocks[row.member.label]),
        ]
    )


def _band(estimates: Iterable[Estimate | None]) -> str:
    """What a band stands for, where there is one."""
    return "; band: its 95 % interval" if any(one and one.low is not None for one in estimates) else ""


def _throughput_words(row: Row) -> tuple[str, str]:
    if row.requests_per_s is None:
        return written.NOT_MEASURED, f"failed at {row.failures[0].stage}" if row.failures else row.verdict
    number, interval = written.requests_per_s(row.requests_per_s)
    return f"{number}/s", interval if row.verdict is Verdict.SERVER_BOUND else row.verdict


def _percentile_axes(axes: Axes, end: float) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 1000:,.3g} ms"))
    axes.set_xticks(_NINES, ["50 %", "90 %", "99 %", "99.9 %", "99.99 %"])
    axes.set_xlim(0, end)
    axes.grid(visible=True)
    axes.set_xlabel("share of requests that were at least this fast")


def _name_curves(sheet: Sheet, curves: Mapping[str, Curve], rows: Sequence[Row]) -> None:
    """Write name and quantiles beside the end of each curve, moved apart where curves end close together."""
    axes = sheet.axes[0]
    height_of = axes.transScale + axes.transLimits
    ends = {label: float(height_of.transform((0.0, curve.latencies_s[-1]))[1]) for label, curve in curves.items()}
    gap = NAME_IN / curves_in(len(rows))
    heights = apart({row.member.label: ends.get(row.member.label, 0.0) for row in rows}, gap)
    for row in rows:
        label = row.member.label
        curve = curves.get(label)
        color = sheet.looks[label].color
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "relpos": (0, 0.5)}
        axes.annotate(
            f"{canvas.short_name(label)}\n{_quantiles(row)}",
            (curve.nines[-1], curve.latencies_s[-1]) if curve else (1.0, 1.0),
            (1.04, heights[label]),
            textcoords="axes fraction",
            va="center",
            size=8,
            color=color,
            arrowprops=line if curve else None,
            annotation_clip=False,  # a curve that is not there has no end inside the axes
        )


def _quantiles(row: Row) -> str:
    if row.latency is None:
        return written.NOT_MEASURED
    return f"p50 {written.duration(row.latency.p50_s)}, p99 {written.duration(row.latency.p99_s)}"


def curves_in(names: int) -> float:
    """How high axes are, in inches, beside which so many names stand."""
    return max(_CURVES_IN, NAME_IN * names)


def apart(heights: Mapping[str, float], gap: float) -> Mapping[str, float]:
    """Heights (0 to 1) in the same order, at least `gap` apart; pushed up from below, then back from above."""
    labels = sorted(heights, key=lambda label: heights[label])
    placed: list[float] = []
    for label in labels:
        placed.append(max(heights[label], placed[-1] + gap) if placed else heights[label])
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return dict(zip(labels, placed, strict=True))
