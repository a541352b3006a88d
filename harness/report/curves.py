"""The charts of a sweep: throughput and latency against the number of connections, a line for each contender."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from harness.model import Estimate, RunHead, Sweep, SweepCurve, SweepPoint, Verdict
from harness.report import canvas, charts, pictures, sweeps
from harness.report import format as written
from harness.report.canvas import Margins, Sheet, Words
from harness.report.theme import THEMES, Theme

_NAMES_IN = 2.35
_DODGE = 1.025  # so that intervals of different contenders do not hide each other
_ROOM = 1.35  # either side of the first and the last number of connections
_POINT = 4.0
_RING = 13.0
_MARKS = "Filled: SERVER-BOUND; open: doubted, its run's report says why; cross: not measured. Bars: 95 % intervals."

Value = Callable[[SweepPoint], Estimate | None]


def draw(head: RunHead, sweep: Sweep) -> Iterator[tuple[str, bytes]]:
    """File name and content of both charts. The same sweep gives the same bytes."""
    for picture, paint in ((pictures.SWEEP_THROUGHPUT, throughput), (pictures.SWEEP_LATENCY, latency)):
        for theme in THEMES:
            with canvas.drawing(theme):
                sheet = paint(head, sweep, theme)
                yield f"{picture.name}-{theme.name}.svg", canvas.svg(sheet)
                yield f"{picture.name}-{theme.name}.png", canvas.png(sheet)


def throughput(head: RunHead, sweep: Sweep, theme: Theme) -> Sheet:
    """Requests per second from zero up, the knee ringed; `null` would leave no room for the others and is left out."""
    ring = "Ring: the knee, from where on more connections add less than 5 %."
    reading = f"More is better. {ring} {_MARKS} null is in the table."
    sheet = _sheet(head, sweep, theme, Words(pictures.SWEEP_THROUGHPUT.title, reading))
    axes = sheet.axes[0]
    shown = [curve for curve in sweep.curves if curve.member.role != "null"] or list(sweep.curves)
    for curve, dodge in _dodged(shown):
        _line(sheet, curve, lambda point: point.requests_per_s, dodge)
        _ring(sheet, curve, dodge)
    axes.set_ylim(0, None)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _name_lines(sheet, shown, lambda point: point.requests_per_s, _knee)
    return sheet


def latency(head: RunHead, sweep: Sweep, theme: Theme) -> Sheet:
    """p50 and p99, both axes logarithmic; `null` shows the floor of the measurement."""
    reading = f"Less is better. Thick lines: p50; thin ones: p99. {_MARKS} null is the floor of the measurement."
    sheet = _sheet(head, sweep, theme, Words(pictures.SWEEP_LATENCY.title, reading))
    axes = sheet.axes[0]
    for curve, dodge in _dodged(sweep.curves):
        _line(sheet, curve, lambda point: point.p50_s, dodge)
        _line(sheet, curve, lambda point: point.p99_s, dodge, width=0.9)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 1000:,g} ms"))
    _name_lines(sheet, sweep.curves, lambda point: point.p99_s, _quantiles)
    return sheet


def _sheet(head: RunHead, sweep: Sweep, theme: Theme, words: Words) -> Sheet:
    margins, height_in = Margins(0.75, _NAMES_IN, 0.5), charts.curves_in(len(sweep.curves))
    made = canvas.sheet(head, theme, words, margins, height_in, circumstances=sweeps.circumstances(head, sweep))
    axes = made.axes[0]
    axes.set_xscale("log")
    axes.set_xticks(sweep.connections, [f"{count:,}" for count in sweep.connections])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(sweep.connections[0] / _ROOM, sweep.connections[-1] * _ROOM)
    axes.set_xlabel("connections")
    axes.grid(visible=True)
    return made


def _dodged(curves: Sequence[SweepCurve]) -> Iterator[tuple[SweepCurve, float]]:
    """Each curve with the factor by which it is moved aside."""
    for place, curve in enumerate(curves):
        yield curve, _DODGE ** (place - (len(curves) - 1) / 2)


def _line(sheet: Sheet, curve: SweepCurve, value: Value, dodge: float, width: float = 1.8) -> None:
    axes, look = sheet.axes[0], sheet.looks[curve.member.label]
    for point in curve.points:
        if value(point) is None:
            at = point.connections * dodge, 0.015
            axes.plot(*at, "x", color=look.color, markersize=6, transform=axes.get_xaxis_transform())
    measured = [(point, found) for point in curve.points if (found := value(point))]
    across = [point.connections * dodge for point, _ in measured]
    heights = [found.value for _, found in measured]
    axes.plot(across, heights, color=look.color, linestyle=look.dashes, linewidth=width)
    for x, (point, found) in zip(across, measured, strict=True):
        if found.low is not None and found.high is not None:
            reach = [[found.value - found.low], [found.high - found.value]]
            axes.errorbar(x, found.value, reach, color=look.color, elinewidth=1.2, capsize=4.5)
        fill = look.color if point.verdict is Verdict.SERVER_BOUND else sheet.theme.background
        axes.plot(x, found.value, "o", color=look.color, markerfacecolor=fill, markersize=_POINT, zorder=3)


def _ring(sheet: Sheet, curve: SweepCurve, dodge: float) -> None:
    for point in curve.points:
        if point.connections == curve.knee and point.requests_per_s:
            color = sheet.looks[curve.member.label].color
            at = point.connections * dodge, point.requests_per_s.value
            sheet.axes[0].plot(*at, "o", color=color, markerfacecolor="none", markersize=_RING, markeredgewidth=1.2)


def _name_lines(sheet: Sheet, curves: Sequence[SweepCurve], value: Value, remark: Callable[[SweepCurve], str]) -> None:
    """Write each contender's name and a remark beside the end of its line, moved apart where lines end together."""
    axes = sheet.axes[0]
    ends = {curve.member.label: _end(curve, value) for curve in curves}
    height_of = axes.transScale + axes.transLimits
    heights = {label: float(height_of.transform((1.0, end[1]))[1]) if end else 0.0 for label, end in ends.items()}
    placed = charts.apart(heights, charts.NAME_IN / charts.curves_in(len(curves)))
    for curve in curves:
        label, end = curve.member.label, ends[curve.member.label]
        color = sheet.looks[label].color
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "relpos": (0, 0.5)}
        axes.annotate(
            f"{canvas.short_name(label)}\n{remark(curve)}",
            end or (1.0, 1.0),
            (1.04, placed[label]),
            textcoords="axes fraction",
            va="center",
            size=8,
            color=color,
            arrowprops=line if end and end[0] == curve.points[-1].connections else None,  # else it would look like data
            annotation_clip=False,
        )


def _end(curve: SweepCurve, value: Value) -> tuple[float, float] | None:
    """Where a line ends: the last point that was measured."""
    ends = [(float(point.connections), found.value) for point in curve.points if (found := value(point))]
    return ends[-1] if ends else None


def _knee(curve: SweepCurve) -> str:
    if not any(point.requests_per_s for point in curve.points):
        return written.NOT_MEASURED
    return f"knee at {curve.knee:,}" if curve.knee else "no knee to be told"


def _quantiles(curve: SweepCurve) -> str:
    measured = [point for point in curve.points if point.p50_s and point.p99_s]
    if not measured:
        return written.NOT_MEASURED
    last = measured[-1]
    assert last.p50_s
    assert last.p99_s
    where = "" if last is curve.points[-1] else f" at {last.connections:,}"
    return f"p50 {written.duration(last.p50_s.value)}, p99 {written.duration(last.p99_s.value)}{where}"
