"""Which version is the faster one: each has its row in table, CSV and chart, beside the version that it is held to."""

import csv
import io
from itertools import islice, pairwise

import pytest
from rich.console import Console

from harness import kinds, report
from harness.catalog import ROOT
from harness.model import Failure
from harness.report import charts, document, files, pictures, ratios, releases, series
from harness.report.theme import THEMES
from harness.summary import summarize
from tests import builders
from tests.test_report_charts import drawn, points, texts

OLD, MIDDLE, NEW = "fastapi-0.115.14", "fastapi-0.130.0", "fastapi-0.165.0"
FLASK_OLD, FLASK_NEW = "flask-3.0.3", "flask-3.1.3"
RATES = {NEW: 4400.0, OLD: 4000.0, MIDDLE: 5000.0, FLASK_NEW: 2000.0, FLASK_OLD: 2200.0, builders.NULL: 5e4}
CHEAPEST = ("summary.json", "summary.csv", "releases.csv", "report.md")
SHORT = {"blocks": 1, "rounds": 1, "starts": 0}


def member(like, label, **packages):
    name, _, version = label.rpartition("-")
    held = {"python": "3.11.7", name: version, **packages}
    return builders.MEMBERS[like].model_copy(update={"label": label, "pins": {name: version}, "packages": held})


MEMBERS = {
    **builders.MEMBERS,
    OLD: member(builders.FASTAPI, OLD, starlette="0.46.2"),
    MIDDLE: member(builders.FASTAPI, MIDDLE, starlette="1.0.0", anyio="4.0"),
    NEW: member(builders.FASTAPI, NEW, starlette="1.0.0", anyio="4.0"),
    FLASK_OLD: member(builders.FLASK, FLASK_OLD),
    FLASK_NEW: member(builders.FLASK, FLASK_NEW),
}
AGAINST = {OLD: NEW, MIDDLE: NEW, NEW: NEW, FLASK_OLD: FLASK_NEW, FLASK_NEW: FLASK_NEW}


def run(labels=tuple(RATES), *, failing=None, **changes):
    rates = {label: RATES[label] for label in labels}
    made = builders.result_set(rates, members=MEMBERS, **{"blocks": 8, "rounds": 3, "starts": 1} | changes)
    if failing:
        failure = Failure(stage="launch", message="It did not start.")
        made = builders.altered(made, "turn", failing, recording=None, failure=failure)
    against = {label: to for label, to in AGAINST.items() if label in labels}
    return made.model_copy(update={"head": made.head.model_copy(update={"against": against})})


@pytest.fixture(scope="module")
def made():
    result_set = run(failing=MIDDLE)
    return result_set, summarize(result_set)


@pytest.fixture(scope="module")
def sound():
    return summarize(run())


def test_those_served_alike_from_one_folder_are_versions_of_one_another():
    served = ["/apps/fastapi@uvicorn", "/apps/fastapi@uvicorn", "/apps/fastapi@article", "/apps/null@plain"]
    plain = MEMBERS[NEW].model_copy(update={"label": "plain", "pins": {}})
    members = [plain, MEMBERS[OLD], MEMBERS[MIDDLE], builders.MEMBERS[builders.NULL]]
    assert kinds.against(served, members, "another") == {"plain": "plain", OLD: "plain"}
    assert kinds.against(served, members, OLD) == {"plain": OLD, OLD: OLD}


def test_versions_stand_from_the_oldest_to_the_newest_contender_by_contender(sound):
    assert [one.contender for one in sound.releases] == [OLD, MIDDLE, NEW, FLASK_OLD, FLASK_NEW]


def test_each_is_held_to_the_newest_of_its_own_kind(sound):
    found = {one.contender: one.comparison for one in sound.releases}
    rows = {row.member.label: row for row in sound.rows}
    assert found[OLD] == rows[OLD].comparison
    assert (found[NEW], found[FLASK_NEW]) == (None, None)
    assert found[FLASK_OLD].reference == FLASK_NEW
    assert found[FLASK_OLD].ratio.value == pytest.approx(1.1, rel=0.02)
    assert (found[OLD].call, found[MIDDLE].call, found[FLASK_OLD].call) == ("SLOWER", "FASTER", "FASTER")


def test_a_version_says_what_else_is_another_with_it(sound):
    found = {one.contender: one for one in sound.releases}
    assert found[OLD].versions == {"fastapi": "0.115.14"}
    assert found[OLD].moved == {"starlette": "0.46.2", "anyio": None}
    assert releases.moved_of(found[OLD]) == "starlette 0.46.2, no anyio"
    assert found[MIDDLE].moved == {}


def test_there_is_a_sentence_for_every_version_but_those_held_to(made):
    said = list(releases.sentences(made[1]))
    assert len(said) == 3
    assert said[0].startswith("fastapi@uvicorn, fastapi 0.115.14 against 0.165.0: SLOWER, 0.9")
    assert said[0].endswith("; what else differs: starlette 0.46.2, no anyio.")
    assert said[1] == "fastapi@uvicorn, fastapi 0.130.0 against 0.165.0: failed at launch."
    assert said[2].startswith("flask@gthread, flask 3.0.3 against 3.1.3: FASTER")


def test_nothing_is_said_of_a_version_where_the_one_that_it_is_held_to_is_doubted():
    short = summarize(run(blocks=2))
    assert all(": UNSETTLED, " in said for said in releases.sentences(short))
    broken = summarize(run(failing=NEW))
    assert [one.comparison for one in broken.releases[:3]] == [None] * 3
    assert next(releases.sentences(broken)).startswith("fastapi@uvicorn, fastapi 0.115.14 against 0.165.0: INVALID;")


def test_the_table_has_a_line_for_every_version_also_for_one_that_failed(made):
    table = releases.table(made[1])
    assert [head.text for head in table.heads[:3]] == ["contender", "fastapi", "flask"]
    assert [line[1].main for line in table.lines] == ["0.115.14", "0.130.0", "0.165.0", "—", "—"]
    assert [cell.main for cell in table.lines[1][3:]] == ["not measured", "not measured", "—", "—", "INVALID"]
    assert str(table.lines[2][4]) == "1 (reference)"


def test_a_single_contender_needs_no_column_of_its_own():
    table = releases.table(summarize(run((OLD, NEW), **SHORT)))
    assert table.heads[0].text == "fastapi"


def test_the_ratio_in_the_csv_is_that_of_the_summary(made):
    found = {one.contender: one for one in made[1].releases}
    lines = list(csv.DictReader(io.StringIO(releases.csv_text(made[1]))))
    assert [line["contender"] for line in lines] == list(found)
    for line in lines:
        compared = found[line["contender"]].comparison
        assert line["ratio"] == ("" if compared is None else str(compared.ratio.value))
        assert line["call"] == ("" if compared is None else compared.call)


def test_terminal_and_markdown_say_which_version_is_the_faster_one(made):
    console = Console(width=110, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        report.show(*made, console)
    for shown in (captured.get(), document.markdown(*made)):
        assert releases.TITLE in shown
        assert "0.130.0 against 0.165.0: failed at launch" in shown
    assert "charts/releases-dark.svg" in document.markdown(*made)


def test_a_run_without_versions_has_neither_table_nor_chart_nor_a_key_of_them():
    usual = builders.result_set(**SHORT)
    summary = summarize(usual)
    assert pictures.RELEASES not in pictures.shown(usual.head, summary)
    assert releases.TITLE not in document.markdown(usual, summary)
    assert "releases" not in summary.model_dump_json()
    assert '"against"' not in usual.head.model_dump_json()
    assert '"pins"' not in usual.head.model_dump_json()


def test_versions_have_a_chart_for_both_pages_and_a_csv():
    result_set = run(**SHORT)
    summary = summarize(result_set)
    assert [name for name, _ in islice(files.derived(result_set, summary), 4)] == list(CHEAPEST)
    shown = [f"releases-{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]
    assert [name for name, _ in islice(charts.draw(result_set, summary), 4)] == shown


def test_every_block_is_drawn_around_the_ratio_to_the_version_that_it_is_held_to(made):
    sheet = drawn(ratios.draw_releases, *made)
    for place, line in enumerate(releases.lines(made[1])):
        one = line.release
        blocks = series.block_ratios(made[0], one.contender, one.against) if one.comparison else ()
        assert points(sheet, place) == sorted(blocks)
        assert len(blocks) == (8 if one.contender in {OLD, FLASK_OLD} else 0)


def test_the_chart_joins_the_versions_of_each_contender_and_says_what_failed(made):
    sheet = drawn(ratios.draw_releases, *made)
    joined = [line for line in sheet.axes[0].get_lines() if len(line.get_xdata()) == 2 and line.get_alpha()]
    assert [len(set(line.get_ydata())) for line in joined] == [2, 2]
    shown = texts(sheet)
    for wanted in ("fastapi 0.115.14\nfastapi@uvicorn *", "not measured", "failed at launch", "reference"):
        assert wanted in shown


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_nothing_is_written_outside_the_chart_and_no_two_names_touch(made, theme):
    sheet = drawn(ratios.draw_releases, *made, theme)
    width, height = sheet.figure.canvas.get_width_height()
    names = [name.get_window_extent() for name in sheet.axes[0].get_yticklabels()]
    for box in (*names, *(text.get_window_extent() for text in (*sheet.figure.texts, *sheet.axes[0].texts))):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    assert all(lower.y1 <= upper.y0 for upper, lower in pairwise(names))


def test_versions_of_which_nothing_was_measured_are_drawn():
    assert "not measured" in texts(drawn(ratios.draw_releases, run(finished=0, starts=0)))


def test_no_published_row_is_held_to_a_version_that_was_pinned(made):
    assert made[1].claims is None


def test_every_column_of_the_csv_is_documented(made):
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    header = releases.csv_text(made[1]).splitlines()[0].split(",")
    assert [key for key in header if f"`{key}`" not in text] == []
