"""The charts of what stands beside the slices: the ratio by other means, and latency in open loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from harness.model import Estimate, OpenLoop, ResultSet, Row, Summary
from harness.report import caveats, escape, pictures, strips, tables
from harness.report import format as written
from harness.report.canvas import Sheet, Words
from harness.report.theme import Theme

_STEP = 0.24


class _Mean(NamedTuple):
    """One way to take the ratio: its marker, its words, its place in a row."""

    marker: str
    words: str
    place: float


_SLICES, _DUET, _OTHER = _Mean("o", "slices", -_STEP), _Mean("D", "duet", 0.0), _Mean("^", "other wait", _STEP)


def ratios(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """The ratio of each contender to the reference by slices, by duet, and under the other wait policy."""
    reference = result_set.head.plan.reference
    rows = [row for row in tables.ordered(summary.rows) if row.member.role != "null"]
    waits = "sleeps" if result_set.head.plan.wait == "spin" else "spins"
    other = (
        f" Triangle: by slices while the generator {waits} as it waits." if any(row.other_wait for row in rows) else ""
    )
    words = Words(
        pictures.RATIOS.title,
        f"Requests per second over those of {escape.plain(reference)}. Circle: by slices, what a user gets; "
        "diamond: by duet, answers per CPU second, what a request costs (hollow: its conditions did not hold)."
        f"{other} Lines: 95 % intervals.",
    )
    sheet = strips.sheet(result_set, rows, theme, words)
    reached = [found for row in rows for _, found, _ in _means(row)]
    end = strips.end([1.0, *strips.reached(reached)])
    for place, row in enumerate(rows):
        for mean, found, kept in _means(row):
            _mark(sheet, place + mean.place, row.member.label, mean, found, kept=kept)
        strips.value(sheet, place, *_ratio_words(row, is_reference=row.member.label == reference))
    sheet.axes[0].axvline(1.0, color=theme.muted, linewidth=1)
    strips.from_zero(sheet.axes[0], end, FuncFormatter(lambda value, _: f"{value:g}x"))
    return sheet


def open_loop(result_set: ResultSet, summary: Summary, theme: Theme) -> Sheet:
    """Latency of each contender at each rate, from its p50 to its p99.9, on a logarithmic axis."""
    rows = [row for row in tables.ordered(summary.rows) if row.member.role != "control"]
    rates = {one.share: one.rate_per_s for row in rows for one in row.open_loop}
    each = "; ".join(f"{written.rate(rate)} a second ({100 * share:.0f} %)" for share, rate in sorted(rates.items()))
    words = Words(
        pictures.OPEN_LOOP.title,
        f"Less is better. Dot: p50; line to p99, thin to p99.9. In each row from the top: {each} of the slowest "
        f"contender's capacity. Hollow: doubtful. {caveats.OPEN_LOOP}",
    )
    sheet = strips.sheet(result_set, rows, theme, words)
    for place, row in enumerate(rows):
        for height, one in _heights(place, row.open_loop):
            _range(sheet, height, row.member.label, one)
        strips.value(sheet, place, *_open_words(row), warns=not row.open_loop)
    if rates:
        _logarithmic(sheet.axes[0])
    return sheet


def _means(row: Row) -> Iterator[tuple[_Mean, Estimate, bool]]:
    """Each way in which this row's ratio was taken, and whether it may be trusted as far as that way goes."""
    if row.comparison:
        yield _SLICES, row.comparison.ratio, True
    if row.duet:
        yield _DUET, row.duet.comparison.ratio, row.duet.kept
    if row.other_wait:
        yield _OTHER, row.other_wait, True


def _mark(sheet: Sheet, height: float, label: str, mean: _Mean, found: Estimate, *, kept: bool) -> None:
    axes, color = sheet.axes[0], sheet.looks[label].color
    if found.low is not None and found.high is not None:
        axes.hlines(height, found.low, found.high, color=color, linewidth=2)
    face = color if kept else sheet.theme.background
    axes.plot(found.value, height, marker=mean.marker, markersize=6, color=color, markerfacecolor=face)


def _ratio_words(row: Row, *, is_reference: bool) -> tuple[str, str]:
    said = {mean: f"{mean.words} {written.times(found.value)}" for mean, found, _ in _means(row)}
    first = said.pop(_SLICES, "reference" if is_reference else written.NOT_MEASURED)
    return first, ", ".join(said.values())


def _open_words(row: Row) -> tuple[str, str]:
    """At the highest rate."""
    if not row.open_loop:
        return written.NOT_MEASURED, row.verdict
    latency = row.open_loop[-1].latency
    return f"p99 {written.duration(latency.p99_s)}", f"p50 {written.duration(latency.p50_s)}"


def _heights(place: int, rates: tuple[OpenLoop, ...]) -> Iterator[tuple[float, OpenLoop]]:
    middle = (len(rates) - 1) / 2
    return ((place + _STEP * (number - middle), one) for number, one in enumerate(rates))


def _range(sheet: Sheet, height: float, label: str, one: OpenLoop) -> None:
    axes, color, latency = sheet.axes[0], sheet.looks[label].color, one.latency
    axes.hlines(height, latency.p50_s, latency.p999_s, color=color, linewidth=1)
    axes.hlines(height, latency.p50_s, latency.p99_s, color=color, linewidth=3)
    face = color if one.kept else sheet.theme.background
    axes.plot(latency.p50_s, height, marker="o", markersize=6, color=color, markerfacecolor=face)


def _logarithmic(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: written.duration(value)))
    axes.grid(visible=True, axis="x")
