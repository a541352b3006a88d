"""What moved the number: every variation has its row in the table, the CSV and the chart, whatever became of it."""

import csv
import io
from itertools import islice, pairwise

import pytest
from matplotlib.text import Text
from rich.console import Console

from harness import catalog, report
from harness.catalog import ROOT
from harness.model import Failure, Member
from harness.report import ablation, canvas, charts, document, files, pictures, ratios, series
from harness.report.theme import LIGHT, THEMES
from harness.summary import summarize
from tests import builders
from tests.test_report_charts import drawn, points, texts

APP = catalog.read().apps["flask"]
BASE = next(iter(APP.deployments))
NAMES = (BASE, *APP.ablations)
VARIES = {f"{APP.name}@{name}": one.varies for name, one in APP.ablations.items()}
CHEAPEST = ("summary.json", "summary.csv", "ablation.csv", "report.md")
BROKEN = "flask@threads-8"


def run(*, failing=None, varies=VARIES, **changes):
    """A run of Flask and its ablations: the later a name, the slower by 3 %."""
    members = {label_of(name): member(name) for name in NAMES}
    rates = {label: 3000.0 * 0.97**place for place, label in enumerate(members)} | {builders.NULL: 5e4}
    made = builders.result_set(
        rates, members=builders.MEMBERS | members, **{"blocks": 8, "rounds": 3, "starts": 1} | changes
    )
    if failing:
        failure = Failure(stage="slice", message="It died.")
        made = builders.altered(made, "turn", failing, recording=None, failure=failure)
    return made.model_copy(update={"head": made.head.model_copy(update={"varies": varies})})


def label_of(name):
    return f"{APP.name}@{name}"


def member(name):
    deployment = APP.served[name]
    return Member(
        label=label_of(name),
        app=APP.name,
        title=APP.title,
        deployment=name,
        role="contender",
        workers=deployment.workers or 1,
        threads=deployment.threads,
        connections=deployment.connections,
        traits=deployment.traits,
        command=deployment.command,
        versions={},
    )


@pytest.fixture(scope="module")
def made():
    result_set = run(failing=BROKEN)
    return result_set, summarize(result_set)


def test_a_variation_says_what_was_changed_and_what_came_with_it(made):
    found = {one.row.member.deployment: one for one in ablation.variations(made[0].head, made[1])}
    assert (found["threads-1"].choice, found["threads-1"].before, found["threads-1"].after) == ("threads", "32", "1")
    assert found["threads-1"].brings == ()
    assert found["sync-worker"].name == "worker class: sync"
    assert found["sync-worker"].brings == (("keep-alive", "none"), ("threads", "1"))


def test_variations_of_one_choice_stand_together_in_the_order_of_the_run():
    shuffled = dict(sorted(VARIES.items(), key=lambda pair: pair[0][::-1]))
    head = run(varies=shuffled, blocks=1).head
    choices = [one.choice for one in ablation.variations(head, summarize(run(varies=shuffled, blocks=1)))]
    assert len(choices) == len(VARIES)
    assert len(list(dict.fromkeys(choices))) == 1 + sum(a != b for a, b in pairwise(choices))


def test_the_table_has_a_line_for_every_variation_also_for_one_that_failed(made):
    table = ablation.table(made[0].head, made[1])
    assert len(table.lines) == len(VARIES)
    failed = next(line for line in table.lines if line[2].main == "8")
    assert [cell.main for cell in failed[3:]] == ["not measured", "—", "INVALID"]
    assert failed[5].note.startswith("[")


def test_the_ratio_in_the_csv_is_that_of_the_summary(made):
    rows = {row.member.label: row for row in made[1].rows}
    lines = list(csv.DictReader(io.StringIO(ablation.csv_text(made[0].head, made[1]))))
    assert [line["contender"] for line in lines] == list(VARIES)
    for line in lines:
        compared = rows[line["contender"]].comparison
        assert line["ratio"] == ("" if compared is None else str(compared.ratio.value))
        assert line["call"] == ("" if compared is None else compared.call)


def test_terminal_and_markdown_ask_what_moved_the_number(made):
    console = Console(width=110, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        report.show(*made, console)
    for shown in (captured.get(), document.markdown(*made)):
        assert "What moved the number" in shown
        assert ablation.BRINGS in shown
    assert "charts/ablation-dark.svg" in document.markdown(*made)


def test_a_run_that_is_no_ablation_has_neither_table_nor_chart_of_it():
    usual = builders.result_set(blocks=1, rounds=1, starts=0)
    assert pictures.ABLATION not in pictures.shown(usual.head, summarize(usual))
    assert "What moved" not in document.markdown(usual, summarize(usual))
    assert [name for name, _ in islice(files.derived(usual, summarize(usual)), 3)] == [*CHEAPEST[:2], CHEAPEST[3]]


def test_an_ablation_has_a_chart_for_both_pages_and_a_csv():
    result_set = run(blocks=1, rounds=1, starts=0)
    summary = summarize(result_set)
    assert [name for name, _ in islice(files.derived(result_set, summary), 4)] == list(CHEAPEST)
    kinds = [f"{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]
    assert [name for name, _ in islice(charts.draw(result_set, summary), 4)] == [f"ablation-{kind}" for kind in kinds]


def test_every_block_of_every_variation_is_drawn_around_its_ratio(made):
    sheet = drawn(ratios.draw, *made)
    for place, one in enumerate(ablation.variations(made[0].head, made[1])):
        label = one.row.member.label
        blocks = series.block_ratios(made[0], label)
        assert points(sheet, place) == sorted(blocks)
        assert len(blocks) == (0 if label == BROKEN else 8)


def test_the_chart_says_what_failed_and_shows_1_and_every_interval(made):
    sheet = drawn(ratios.draw, *made)
    shown = texts(sheet)
    assert "not measured" in shown
    assert "failed at slice" in shown
    assert "worker class: sync *" in shown
    start, end = sheet.axes[0].get_xlim()
    compared = [one.row.comparison for one in ablation.variations(made[0].head, made[1]) if one.row.comparison]
    assert all(start < one.ratio.low < one.ratio.high < end for one in compared)
    assert start < 1 < end


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_nothing_is_written_outside_the_chart_and_no_two_names_touch(made, theme):
    sheet = drawn(ratios.draw, *made, theme)
    width, height = sheet.figure.canvas.get_width_height()
    names = [name.get_window_extent() for name in sheet.axes[0].get_yticklabels()]
    for box in (*names, *(text.get_window_extent() for text in (*sheet.figure.texts, *sheet.axes[0].texts))):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    assert all(lower.y1 <= upper.y0 for upper, lower in pairwise(names))


def test_an_ablation_of_which_nothing_was_measured_is_drawn():
    empty = run(finished=0, starts=0)
    assert "not measured" in texts(drawn(ratios.draw, empty))


def test_an_ablation_without_its_reference_compares_nothing_and_says_so():
    result_set = run(failing=label_of(BASE))
    assert "not measured" in texts(drawn(ratios.draw, result_set))
    assert all(line[4].main == "—" for line in ablation.table(result_set.head, summarize(result_set)).lines)


def test_names_beside_the_curves_of_many_contenders_stay_in_the_picture_and_apart(made):
    with canvas.drawing(LIGHT):
        sheet = charts.latency(*made, LIGHT)
        sheet.figure.canvas.draw()
    names = sorted((Text.get_window_extent(text) for text in sheet.axes[0].texts), key=lambda box: box.y0)
    footer = max(text.get_window_extent().y1 for text in sheet.figure.texts if text.get_va() == "bottom")
    assert names[0].y0 > footer
    assert all(lower.y1 <= upper.y0 for lower, upper in pairwise(names))


def test_every_column_of_the_csv_is_documented(made):
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    header = ablation.csv_text(made[0].head, made[1]).splitlines()[0].split(",")
    assert [key for key in header if f"`{key}`" not in text] == []
