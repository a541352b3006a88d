"""What is shown of a sweep: every contender at every number of connections, doubts and failures included."""

import io
import re
import xml.etree.ElementTree as ET
from itertools import islice, pairwise

import pytest
from matplotlib.text import Text
from rich.console import Console

from harness import report
from harness.catalog import ROOT
from harness.model import Sweep, SweepCurve, SweepPoint, Verdict
from harness.report import canvas, curves, files, sweeps, together
from harness.report.theme import LIGHT, THEMES
from tests import builders, summaries
from tests.test_report_tables import HOSTILE

KNEES = {builders.FASTAPI: 100, builders.FLASK: 10, builders.DJANGO: 1000, builders.NULL: 100, builders.CONTROL: None}
RATES = {1: 0.3, 10: 0.96, 100: 1.0, 1000: 0.9}
CHARTS = {"throughput": curves.throughput, "latency": curves.latency}
every_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


def run(**changes):
    return builders.result_set(**{"blocks": 1, "rounds": 1, "starts": 0} | changes)


def found(missing=(), members=builders.MEMBERS):
    """A sweep with round numbers; what is in `missing` (label and connections) was not measured."""
    return Sweep(
        name="20261122-083000-fair-sweep",
        connections=tuple(RATES),
        curves=tuple(
            SweepCurve(
                member=members[label],
                points=tuple(point(count, label, (label, count) in missing) for count in RATES),
                knee=KNEES[label],
            )
            for label in builders.THROUGHPUTS
        ),
    )


def point(count, label, missing):
    rate = builders.THROUGHPUTS[label] * RATES[count]
    if missing:
        gone = {"verdict": Verdict.INVALID, "requests_per_s": None, "p50_s": None, "p99_s": None}
        return SweepPoint(connections=count, **gone)
    return SweepPoint(
        connections=count,
        verdict=Verdict.UNSETTLED if count == 1000 else Verdict.SERVER_BOUND,
        requests_per_s=summaries.estimate(rate),
        p50_s=summaries.estimate(count / rate),
        p99_s=summaries.estimate(3 * count / rate),
    )


def markdown(sweep, head=None):
    return together.markdown(sweeps.told(head or run().head, sweep))


def on_screen(sweep, width=120):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        report.show_several(run().head, sweep, console)
    return captured.get()


def drawn(chart, sweep, head=None, theme=LIGHT):
    with canvas.drawing(theme):
        sheet = chart(head or run().head, sweep, theme)
        sheet.figure.canvas.draw()
        return sheet


def texts(sheet):
    return "\n".join(text.get_text() for text in (*sheet.figure.texts, *sheet.axes[0].texts))


def test_the_report_of_a_sweep_agrees_with_its_golden_file(agrees_with_golden):
    agrees_with_golden("sweep.txt", markdown(found({(builders.FLASK, 1000)})))


def test_a_word_stands_beside_every_number_that_is_doubted():
    line = next(line for line in markdown(found()).splitlines() if builders.FASTAPI in line)
    assert line.count("UNSETTLED") == 1
    assert line.endswith("| 100 |")


def test_what_was_not_measured_is_said_on_the_terminal():
    shown = on_screen(found({(builders.FLASK, 1000)}))
    assert "INVALID" in shown
    assert all(label in shown for label in builders.THROUGHPUTS)
    assert "Knee: the smallest number of connections" in shown.replace("\n", " ")


def test_a_knee_at_the_most_connections_tried_says_so():
    assert "| 1,000 (the most tried) |" in report.paste_several(run().head, found())


def test_a_quick_sweep_says_that_it_shows_nothing():
    head = run(quick=True).head
    assert report.paste_several(head, found()).startswith("**QUICK RUN")
    assert "QUICK RUN" in markdown(found(), head)
    assert "QUICK RUN" in texts(drawn(curves.throughput, found(), head))


def test_the_connections_of_all_runs_stand_where_the_numbers_come_from():
    for shown in (report.paste_several(run().head, found()), texts(drawn(curves.latency, found()))):
        assert "1, 10, 100, 1,000 connections" in shown


@pytest.fixture(scope="module")
def written():
    return dict(files.derived_together(run().head, found(), markdown(found())))


def test_both_charts_come_as_svg_and_png_for_light_and_dark_pages(written):
    kinds = [f"{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]
    charts = [f"charts/sweep-{chart}-{kind}" for chart in CHARTS for kind in kinds]
    assert list(written) == ["sweep.json", "sweep.md", *charts]


def test_the_same_sweep_gives_the_same_bytes(written):
    again = list(islice(files.derived_together(run().head, found(), markdown(found())), 3))
    assert again == list(written.items())[:3]


@every_chart
def test_nothing_is_written_outside_the_chart_and_no_two_names_touch(chart):
    for theme in THEMES:
        sheet = drawn(chart, found(), theme=theme)
        width, height = sheet.figure.canvas.get_width_height()
        boxes = [text.get_window_extent() for text in (*sheet.figure.texts, *sheet.axes[0].texts)]
        assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in boxes)
        names = sorted((Text.get_window_extent(text) for text in sheet.axes[0].texts), key=lambda box: box.y0)
        assert all(lower.y1 <= upper.y0 for lower, upper in pairwise(names))


@every_chart
def test_a_contender_that_was_never_measured_does_not_vanish(chart):
    shown = texts(drawn(chart, found({(builders.FLASK, count) for count in RATES})))
    assert builders.FLASK in shown
    assert "not measured" in shown


@every_chart
def test_a_hostile_label_leaves_the_chart_well_formed(chart):
    member = builders.MEMBERS[builders.FASTAPI].model_copy(update={"label": HOSTILE})
    hostile = builders.result_set({HOSTILE: 4400.0}, members={HOSTILE: member}, blocks=1, rounds=1, starts=0)
    one = SweepCurve(member=member, points=found().curves[0].points, knee=100)
    with canvas.drawing(LIGHT):
        sheet = chart(hostile.head, found().model_copy(update={"curves": (one,)}), LIGHT)
        root = ET.fromstring(canvas.svg(sheet))
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def markers(sheet, size):
    """What is drawn as circles of that size: where, and whether it is filled."""
    lines = [line for line in sheet.axes[0].lines if line.get_marker() == "o" and line.get_markersize() == size]
    return {
        (float(x), float(y)): line.get_markerfacecolor() == line.get_color()
        for line in lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def test_a_point_is_open_where_its_number_is_doubted():
    marked = markers(drawn(curves.throughput, found()), curves._POINT)
    assert len(marked) == 4 * 4, "null is left out"
    assert all(filled == (x < 800) for (x, _), filled in marked.items())


def test_every_knee_has_a_ring():
    rings = markers(drawn(curves.throughput, found()), curves._RING)
    assert sorted(round(y) for _, y in rings) == [1440, 2400, 4400]


@every_chart
def test_what_was_not_measured_has_a_cross_and_no_line_leads_on_from_there(chart):
    sheet = drawn(chart, found({(builders.FLASK, 1000)}))
    crosses = [line for line in sheet.axes[0].lines if line.get_marker() == "x"]
    assert {round(float(line.get_xdata()[0]), -2) for line in crosses} == {1000}
    names = {text.get_text().partition("\n")[0]: text for text in sheet.axes[0].texts}
    assert names[builders.FLASK].arrow_patch is None
    assert names[builders.FASTAPI].arrow_patch is not None


def test_an_interval_is_drawn_for_every_point_that_has_one():
    for chart, lines in ((curves.throughput, 4), (curves.latency, 2 * 5)):
        assert len(drawn(chart, found()).axes[0].collections) == lines * len(RATES)


def test_every_file_and_key_of_a_sweep_is_documented(written):
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    keys = {key for kind in (Sweep, SweepCurve, SweepPoint) for key in kind.model_fields}
    names = {re.sub("-(light|dark).*", "", name.rpartition("/")[2]) for name in written}
    assert [word for word in sorted(keys | names) if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == []
