"""What is shown of a matrix: every contender in every scenario, doubts, failures and absence included."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from itertools import islice, pairwise

import pytest
from rich.console import Console

from harness import report
from harness.catalog import ROOT
from harness.model import Matrix, MatrixCell, MatrixCost, MatrixLine, Verdict
from harness.report import canvas, dots, files, matrices, pictures, together
from harness.report.format import NOTHING
from harness.report.theme import LIGHT, THEMES
from tests import builders, summaries
from tests.builders import DJANGO, FASTAPI, FLASK
from tests.test_report_tables import HOSTILE

SIXTEEN = tuple(f"scenario-{number}" for number in range(1, 17))
SCENARIOS = ("json", "model", "expensive", "item")


def run(**changes):
    return builders.result_set(**{"blocks": 1, "rounds": 1, "starts": 0} | changes)


def found(scenarios=SCENARIOS, missing=(), absent=(), members=builders.MEMBERS):
    """A matrix with round numbers; of `missing` (label and scenario) there is none, who is `absent` takes no part.

    `item` has services; `model` is held against `json`; in `expensive` nine of ten answers are refused; model's Flask
    is UNSETTLED.
    """
    return Matrix(
        name="20261122-083000-fair-matrix",
        reference=next(iter(members)),
        members=tuple(members.values()),
        lines=tuple(
            MatrixLine(
                scenario=name,
                about=f"What {name} is about.",
                connections=4 if name == "expensive" else 100,
                beside="json" if name == "model" and "json" in scenarios else None,
                cells=tuple(
                    None if (label, name) in absent else cell(members, label, name, place, (label, name) in missing)
                    for label in members
                ),
            )
            for place, name in enumerate(scenarios, 1)
        ),
    )


def cell(members, label, scenario, place, missing):
    contends = not members[label].is_yardstick
    rate = builders.THROUGHPUTS.get(label, 4400.0)
    reference = label == next(iter(members))
    return MatrixCell(
        contender=label,
        verdict=Verdict.INVALID if missing else _verdict(label, scenario),
        requests_per_s=None if missing else summaries.estimate(rate / place),
        ratio=None if reference or missing else summaries.estimate(rate / 4400 * (1 + place / 10)),
        apart={"refused": 0.9} if scenario == "expensive" and contends and not missing else {},
        services_share=0.34 if scenario == "item" and contends and not missing else None,
        cost=_cost(label, missing) if scenario == "model" and contends else None,
    )


def _cost(label, missing):
    """Of `model` over `json`; Django has no number in the latter."""
    if missing or label == DJANGO:
        return MatrixCost(verdict=Verdict.INVALID, ratio=None)
    return MatrixCost(verdict=_verdict(label, "model"), ratio=summaries.estimate(0.7, n=24))


def _verdict(label, scenario):
    return Verdict.UNSETTLED if (label, scenario) == (FLASK, "model") else Verdict.SERVER_BOUND


def markdown(matrix, head=None):
    return together.markdown(matrices.told(head or run().head, matrix))


def on_screen(matrix, width):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        report.show_several(run().head, matrix, console)
    return captured.get()


def drawn(matrix, head=None, theme=LIGHT):
    with canvas.drawing(theme):
        sheet = dots.paint(head or run().head, matrix, theme)
        sheet.figure.canvas.draw()
        return sheet


def texts(sheet):
    return [text.get_text() for text in (*sheet.figure.texts, *sheet.axes[0].texts)]


WITH_GAPS = found(missing={(DJANGO, "json")}, absent={(DJANGO, "item")})


def test_the_report_of_a_matrix_agrees_with_its_golden_file(agrees_with_golden):
    agrees_with_golden("matrix.txt", markdown(WITH_GAPS))


def test_the_csv_of_a_matrix_agrees_with_its_golden_file(agrees_with_golden):
    agrees_with_golden("matrix.csv", matrices.csv_text(WITH_GAPS))


@pytest.mark.parametrize("width", [80, 110])
def test_a_matrix_on_the_terminal_agrees_with_its_golden_file(agrees_with_golden, width):
    agrees_with_golden(f"matrix-{width}.txt", on_screen(WITH_GAPS, width))


def test_the_csv_has_a_line_for_each_contender_in_each_scenario_that_it_takes_part_in():
    lines = list(csv.DictReader(io.StringIO(matrices.csv_text(WITH_GAPS))))
    assert len(lines) == 4 * 5 - 1
    (refused,) = [line for line in lines if (line["scenario"], line["contender"]) == ("expensive", FLASK)]
    assert (refused["apart_refused"], refused["services_share"], refused["ratio_n"]) == ("0.9", "", "12")
    (gone,) = [line for line in lines if (line["scenario"], line["contender"]) == ("json", DJANGO)]
    assert (gone["verdict"], gone["requests_per_s"], gone["ratio"]) == ("INVALID", "", "")


def test_a_word_stands_beside_every_ratio_that_is_doubted_and_beside_no_other():
    ratios, *_ = matrices.told(run().head, found()).tables
    assert [line[0].main for line in ratios.lines if any("UNSETTLED" in cell.note for cell in line)] == ["model"]


def test_a_doubt_of_the_reference_stands_beside_it():
    cells = [one.model_copy(update={"verdict": Verdict.UNSETTLED}) for one in found().lines[0].cells[:1]]
    line = found().lines[0].model_copy(update={"cells": (*cells, *found().lines[0].cells[1:])})
    (shown, *_) = matrices.told(run().head, found().model_copy(update={"lines": (line,)})).tables
    assert str(shown.lines[0][1]) == "1 (reference) UNSETTLED"
    others = [one for one in shown.lines[0][2:] if one.main != NOTHING]
    assert others
    assert all(one.note.endswith("UNSETTLED") for one in others), "a ratio says no more than the worse of its numbers"


def test_a_reference_without_a_number_is_no_1():
    (ratios, *_) = matrices.told(run().head, found(missing=[(FASTAPI, "model")])).tables
    shown = {line[0].main: line[1].main for line in ratios.lines}
    assert shown["model"] != "1"
    assert {main for name, main in shown.items() if name != "model"} == {"1"}


def test_what_was_counted_apart_and_what_services_used_has_a_table_only_where_there_is_any():
    titles = [table.title for table in matrices.told(run().head, found(("json",))).tables]
    assert len(titles) == 2
    assert len(matrices.told(run().head, found()).tables) == 5


def test_what_one_thing_costs_is_shown_over_what_with_every_doubt_and_lines_are_else_not_to_be_compared():
    told = matrices.told(run().head, found())
    (table,) = [one for one in told.tables if one.title.startswith("What one thing costs")]
    (line,) = table.lines
    assert list(map(str, line)) == [
        "model",
        "json",
        "0.70x (0.69 to 0.71)",
        "0.70x (0.69 to 0.71) UNSETTLED",
        "— INVALID",
    ]
    assert "not lines; only what one thing costs" in told.sentences[0]
    alone = matrices.told(run().head, found(("model",)))
    assert not [one for one in alone.tables if "costs" in one.title]
    assert alone.sentences[0].endswith("not lines.")


def test_the_csv_says_what_one_thing_costs_only_where_it_is_asked():
    lines = {
        (one["scenario"], one["contender"]): one for one in csv.DictReader(io.StringIO(matrices.csv_text(found())))
    }
    held = lines["model", FLASK]
    assert (held["beside"], held["cost_verdict"], held["cost"], held["cost_n"]) == ("json", "UNSETTLED", "0.7", "24")
    assert (lines["model", DJANGO]["cost_verdict"], lines["model", DJANGO]["cost"]) == ("INVALID", "")
    assert lines["json", FLASK]["beside"] == lines["model", "control"]["beside"] == ""
    assert "cost" not in matrices.csv_text(found(("json",)))


def test_a_matrix_of_few_rounds_says_that_nothing_is_trimmed():
    assert "With 3 rounds nothing is trimmed: one bad slice counts a third of its block." in markdown(
        found(), run(rounds=3).head
    )
    assert "trimmed" not in markdown(found(), run(rounds=5).head)


def test_a_quick_matrix_says_that_it_shows_nothing():
    head = run(quick=True).head
    assert report.paste_several(head, found()).startswith("**QUICK RUN")
    assert "QUICK RUN" in markdown(found(), head)
    assert any("QUICK RUN" in text for text in texts(drawn(found(), head)))


def test_the_connections_of_all_scenarios_stand_where_the_numbers_come_from():
    assert "4 or 100 connections" in report.paste_several(run().head, found())
    assert "4 scenarios" in report.paste_several(run().head, found())


@pytest.fixture(scope="module")
def written():
    return dict(files.derived_together(run().head, found(), markdown(found())))


def test_the_chart_comes_as_svg_and_png_for_light_and_dark_pages(written):
    kinds = [f"{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]
    assert list(written) == ["matrix.json", "matrix.md", "matrix.csv", *(f"charts/matrix-{kind}" for kind in kinds)]


def test_the_same_matrix_gives_the_same_bytes(written):
    again = list(islice(files.derived_together(run().head, found(), markdown(found())), 5))
    assert again == list(written.items())[:5]


@pytest.mark.parametrize("scenarios", [("json",), SCENARIOS, SIXTEEN], ids=len)
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_nothing_is_written_outside_the_chart_and_no_two_names_touch(scenarios, theme):
    sheet = drawn(found(scenarios), theme=theme)
    width, height = sheet.figure.canvas.get_width_height()
    boxes = [text.get_window_extent() for text in (*sheet.figure.texts, *sheet.axes[0].texts)]
    assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in boxes)
    beside = [text for text in sheet.axes[0].texts if text.get_text() in scenarios or text.get_text().endswith("/s")]
    ordered = sorted((text.get_window_extent() for text in beside), key=lambda box: box.y0)
    assert len(ordered) == 2 * len(scenarios)
    assert all(lower.y1 <= upper.y0 for lower, upper in pairwise(ordered))


def markers(sheet, shape):
    return [line for line in sheet.axes[0].lines if line.get_marker() == shape]


def test_a_dot_stands_at_every_ratio_and_is_open_where_it_is_doubted():
    sheet = drawn(found())
    shown = [line for line in markers(sheet, "o") if line.get_xdata()[0] > 0.02]
    assert sorted(round(float(line.get_xdata()[0]), 3) for line in shown) == sorted(
        round(one.ratio.value, 3)
        for line in found().lines
        for one in line.cells
        if one.ratio and one.contender in {FLASK, DJANGO}
    )
    hollow = [line for line in shown if line.get_markerfacecolor() != line.get_color()]
    assert [round(float(line.get_xdata()[0]), 3) for line in hollow] == [round(2500 / 4400 * 1.2, 3)]


def test_what_could_not_be_compared_has_a_cross_and_says_so_and_who_takes_no_part_has_no_line():
    sheet = drawn(WITH_GAPS)
    assert len(markers(sheet, "x")) == 1
    assert "not compared INVALID" in texts(sheet)
    assert len(sheet.axes[0].collections) == 4 * 2 - 2, "an interval for every ratio"


def test_a_reference_alone_has_nobody_to_be_compared_with():
    alone = found(members={FASTAPI: builders.MEMBERS[FASTAPI]})
    assert "nobody took part but the reference" in texts(drawn(alone))


def test_a_hostile_label_leaves_chart_and_tables_well_formed():
    member = builders.MEMBERS[FLASK].model_copy(update={"label": HOSTILE})
    members = {FASTAPI: builders.MEMBERS[FASTAPI], HOSTILE: member}
    matrix = found(members=members)
    head = builders.result_set({FASTAPI: 4400.0}, blocks=1, rounds=1, starts=0).head
    with canvas.drawing(LIGHT):
        root = ET.fromstring(canvas.svg(dots.paint(head, matrix, LIGHT)))
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    tables = [line for line in markdown(matrix, head).splitlines() if line.startswith("| scenario")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {4, 5}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.2, 1.15, [0.2, 0.3, 0.4, 0.5, 0.7, 1.0]),
        (0.02, 20, [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        (0.9, 1.1, [0.9, 0.95, 1.0, 1.05, 1.1]),
    ],
)
def test_the_scale_has_round_numbers_and_1_among_them(low, high, expected):
    assert dots.ticks(low, high) == expected


def test_every_file_and_key_of_a_matrix_is_documented(written):
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    keys = {key for kind in (Matrix, MatrixCell, MatrixCost, MatrixLine) for key in kind.model_fields}
    names = {re.sub("-(light|dark).*", "", name.rpartition("/")[2]) for name in written}
    assert [word for word in sorted(keys | names) if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == []
    assert pictures.MATRIX.name in names


def test_who_cannot_says_so_in_its_cell_and_has_a_line_of_the_csv():
    (line,) = found(("websocket",), absent={(DJANGO, "websocket")}).lines
    matrix = found().model_copy(
        update={
            "lines": (line.model_copy(update={"absent": {DJANGO: "WSGI has no WebSockets", "nobody": "it is not"}}),)
        }
    )
    ratios, throughputs = matrices.tables_of(matrix)
    assert ratios.lines[0][3].main == throughputs.lines[0][4].main == "cannot: WSGI has no WebSockets"
    assert "nobody cannot: it is not." in markdown(matrix)
    *_, django, _ = csv.DictReader(io.StringIO(matrices.csv_text(matrix)))
    assert (django["scenario"], django["contender"], django["verdict"]) == ("websocket", DJANGO, "")
    assert django["cannot"] == "WSGI has no WebSockets"
