from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Annotation

from harness.model import Failure, ResultSet, Summary
from harness.report import canvas, charts, series, tables
from harness.report.theme import DARK, LIGHT, THEMES, Theme, looks
from harness.summary import summarize
from tests import builders, summaries
from tests.test_report_tables import HOSTILE, hostile

SMALL: dict[str, Any] = {"blocks": 2, "rounds": 2, "starts": 3, "duets": 1, "open_blocks": 1, "other_wait_blocks": 1}
FAILURE = Failure(stage="slice", message="It died.")
Chart = Callable[[ResultSet, Summary, Theme], canvas.Sheet]
every_chart = pytest.mark.parametrize("chart", charts.CHARTS.values(), ids=charts.CHARTS)


def drawn(chart: Chart, result_set: ResultSet, summary: Summary | None = None, theme: Theme = LIGHT) -> canvas.Sheet:
    with canvas.drawing(theme):
        sheet = chart(result_set, summary or summarize(result_set), theme)
        sheet.figure.canvas.draw()
        return sheet


def texts(sheet: canvas.Sheet) -> str:
    shown = [text.get_text() for text in sheet.figure.texts]
    for axes in sheet.axes:
        shown += [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    return "\n".join(shown)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    darker, lighter = sorted(luminance(color) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_each_chart_comes_as_svg_and_png_for_light_and_dark_pages() -> None:
    run = builders.result_set(**SMALL)
    names = [name for name, _ in charts.draw(run, summarize(run))]
    wanted = [
        f"{chart}-{theme}.{kind}" for chart in charts.CHARTS for theme in ("light", "dark") for kind in ("svg", "png")
    ]
    assert names == wanted


@every_chart
def test_every_chart_says_where_its_numbers_come_from(chart: Chart) -> None:
    shown = texts(drawn(chart, builders.result_set(**SMALL)))
    for wanted in ("Synthetic CPU", "2026-11-18 UTC", "100 connections", "line-up fair", "flask 3.1.0"):
        assert wanted in shown


@every_chart
def test_every_chart_of_a_quick_run_says_that_it_shows_nothing(chart: Chart) -> None:
    assert "QUICK RUN" in texts(drawn(chart, builders.result_set(quick=True, **SMALL)))


@every_chart
def test_a_run_without_a_finished_block_is_drawn(chart: Chart) -> None:
    assert texts(drawn(chart, builders.result_set(blocks=2, finished=0, rounds=2, starts=0)))


@every_chart
def test_one_contender_alone_is_drawn(chart: Chart) -> None:
    assert builders.FASTAPI in texts(drawn(chart, builders.result_set({builders.FASTAPI: 4400.0}, **SMALL)))


@every_chart
def test_a_failed_contender_does_not_vanish(chart: Chart) -> None:
    run = builders.altered(builders.result_set(**SMALL), "turn", builders.FLASK, recording=None, failure=FAILURE)
    run = builders.altered(run, "start", builders.FLASK, ready_s=None, failure=FAILURE)
    assert builders.FLASK in texts(drawn(chart, run))
    assert "not measured" in texts(drawn(chart, run))


@every_chart
def test_nothing_is_written_outside_the_picture(chart: Chart) -> None:
    long = "my-very-long-label-for-an-experimental-branch@gunicorn-with-uvicorn-workers"
    member = builders.MEMBERS[builders.FASTAPI].model_copy(update={"label": long})
    run = builders.result_set({long: 4400.0, builders.NULL: 5e4}, members={**builders.MEMBERS, long: member}, **SMALL)
    sheet = drawn(chart, run)
    width, height = sheet.figure.canvas.get_width_height()
    for text in [*sheet.figure.texts, *(text for axes in sheet.axes for text in axes.texts)]:
        box = text.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    assert min(name.get_window_extent().x0 for axes in sheet.axes for name in axes.get_yticklabels()) >= 0


@every_chart
def test_a_hostile_label_leaves_the_svg_well_formed_and_without_script(chart: Chart) -> None:
    result_set, summary = hostile()
    with canvas.drawing(DARK):
        root = ET.fromstring(canvas.svg(chart(result_set, summary, DARK)))
    assert root.tag.endswith("svg")
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def points(sheet: canvas.Sheet, place: int) -> list[float]:
    """What is drawn as points in a row, as far as it lies on the scale."""
    (axes,) = sheet.axes
    found = [one for one in axes.collections if isinstance(one, PathCollection)]
    across = [pair for one in found for pair in np.asarray(one.get_offsets()).tolist()]
    return sorted(x for x, y in across if round(y) == place and 0 <= x <= axes.get_xlim()[1])


def test_every_block_of_every_contender_is_drawn() -> None:
    run = builders.result_set(blocks=8, rounds=4, starts=1, block_noise=0.3)
    summary = summarize(run)
    sheet = drawn(charts.throughput, run, summary)
    for place, row in enumerate(tables.ordered(summary.rows)):
        if row.member.role != "null":
            assert row.requests_per_s is not None
            assert points(sheet, place) == sorted(series.block_throughputs(run, row.member.label))
            assert (row.requests_per_s.high or 0) <= sheet.axes[0].get_xlim()[1]


def test_a_band_is_explained_only_where_there_is_one() -> None:
    few, enough = builders.result_set(**SMALL), builders.result_set(blocks=8, rounds=2, starts=1)
    assert "band" not in texts(drawn(charts.throughput, few))
    assert "band: its 95 % interval" in texts(drawn(charts.throughput, enough))


def test_null_alone_is_off_the_scale_and_has_an_arrow() -> None:
    run = builders.result_set(**SMALL)
    sheet = drawn(charts.throughput, run)
    arrows = [text for text in sheet.axes[0].texts if isinstance(text, Annotation) and text.arrow_patch]
    assert [round(arrow.xy[1]) for arrow in arrows] == [3]
    assert points(sheet, 3) == []


def test_every_start_is_drawn() -> None:
    run = builders.result_set(blocks=2, rounds=2, starts=20)
    summary = summarize(run)
    sheet = drawn(charts.cold_start, run, summary)
    started = [row for row in tables.ordered(summary.rows) if row.ready_s]
    assert len(started) == 3
    for place, row in enumerate(started):
        assert points(sheet, place) == sorted(series.ready_times(run, row.member.label))


def test_dollars_in_a_label_are_no_formula() -> None:
    assert "$a$" in HOSTILE
    result_set, summary = hostile()
    sheet = drawn(charts.throughput, result_set, summary)
    assert not any(text.get_parse_math() for text in (*sheet.figure.texts, *sheet.axes[0].get_yticklabels()))


def test_a_contender_has_one_colour_whatever_its_place_in_a_chart() -> None:
    head = builders.result_set(**SMALL).head
    sheets = [drawn(chart, builders.result_set(**SMALL)) for chart in charts.CHARTS.values()]
    assert all(sheet.looks == looks(head, LIGHT) for sheet in sheets)


def test_contenders_have_different_colours_and_yardsticks_none() -> None:
    seen = looks(builders.result_set(**SMALL).head, LIGHT)
    assert len({seen[label].color for label in (builders.FASTAPI, builders.FLASK, builders.DJANGO)}) == 3
    assert {seen[label].color for label in (builders.NULL, builders.CONTROL)} == {LIGHT.yardstick}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_colour_of_text_is_readable_on_its_background(theme: Theme) -> None:
    colors = (theme.ink, theme.muted, theme.warning, theme.yardstick, *theme.contenders)
    assert min(contrast(color, theme.background) for color in colors) >= 4.5


def test_names_of_curves_that_end_together_are_moved_apart_in_their_order() -> None:
    placed = charts.apart({"a": 0.5, "b": 0.51, "c": 0.99, "d": 1.0}, 0.1)
    assert placed == pytest.approx({"a": 0.5, "b": 0.6, "c": 0.9, "d": 1.0})


def test_a_latency_curve_ends_where_ten_requests_are_slower() -> None:
    curve = series.latency_curve(builders.result_set(**SMALL), builders.FASTAPI)
    assert curve is not None
    assert curve.nines[-1] == pytest.approx(1.906, abs=0.001)  # log10(2 blocks x 2 rounds x 201 latencies / 10)


def test_warm_ups_are_no_slices() -> None:
    assert len(series.slices(builders.result_set(**SMALL), builders.FASTAPI)) == 4


def test_a_slice_with_a_wrong_answer_has_no_throughput() -> None:
    run = builders.altered(builders.result_set(**SMALL), "recording", builders.FASTAPI, errors={"body": 1})
    assert {one.requests_per_s for one in series.slices(run, builders.FASTAPI)} == {None}


def test_the_points_of_blocks_are_what_their_mean_is_made_of() -> None:
    run = builders.result_set(blocks=8, rounds=2, starts=1)
    row = next(row for row in summarize(run).rows if row.member.label == builders.FASTAPI)
    points = series.block_throughputs(run, builders.FASTAPI)
    assert row.requests_per_s is not None
    assert len(points) == 8
    assert min(points) < row.requests_per_s.value < max(points)


def test_starts_that_failed_are_counted_and_not_drawn() -> None:
    run = builders.altered(builders.result_set(**SMALL), "start", builders.FLASK, ready_s=None, failure=FAILURE)
    assert series.ready_times(run, builders.FLASK) == ()
    assert series.failed_starts(run, builders.FLASK) == 3
    assert "3 of 3 starts failed" in texts(
        drawn(charts.cold_start, run, summaries.summary(run, failing=builders.FLASK))
    )
