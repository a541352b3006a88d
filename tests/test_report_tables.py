from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from harness import report
from harness.model import Doubt, ResultSet, Summary, Verdict
from harness.report import spreadsheet, tables, terminal
from harness.summary import summarize
from tests import builders, summaries

Agrees = Callable[[str, str], None]
CEILING = Doubt(
    guard="ceiling",
    contender=builders.FASTAPI,
    checked=True,
    gives=Verdict.CLIENT_BOUND,
    evidence="It reached 0.81 of null's throughput in the same blocks (limit 0.7).",
)
UNCHECKED = Doubt(guard="steal", contender=None, checked=False, gives=None, evidence="No reading.")
HOSTILE = "=cmd|'<script>alert(1)</script>\x1b[31m\n| evil | `x` [link](http://x) $a$"


def run() -> ResultSet:
    return builders.result_set(blocks=2, rounds=2, starts=2, duets=1, open_blocks=1, other_wait_blocks=1)


def doubtful() -> Summary:
    return summaries.summary(run(), [CEILING, UNCHECKED], failing=builders.FLASK, claims=summaries.CLAIMS)


def hostile() -> tuple[ResultSet, Summary]:
    member = builders.MEMBERS[builders.FASTAPI].model_copy(
        update={"label": HOSTILE, "title": HOSTILE, "versions": {HOSTILE: HOSTILE}, "command": (HOSTILE,)}
    )
    made = builders.result_set({HOSTILE: 4400.0}, members={HOSTILE: member}, blocks=1, rounds=2, starts=2)
    doubt = Doubt(guard="ceiling", contender=HOSTILE, checked=True, gives=Verdict.INVALID, evidence=HOSTILE)
    return made, summaries.summary(made, [doubt])


def on_screen(result_set: ResultSet, summary: Summary, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        report.show(result_set, summary, console)
    return captured.get()


def test_the_terminal_agrees_with_its_golden_file(agrees_with_golden: Agrees) -> None:
    agrees_with_golden("report.txt", on_screen(run(), doubtful()))


def test_a_narrow_terminal_agrees_with_its_golden_file(agrees_with_golden: Agrees) -> None:
    agrees_with_golden("report-80.txt", on_screen(run(), doubtful(), 80))


@pytest.mark.parametrize("width", [60, 80, 90, 100, 120])
def test_no_word_is_broken_however_narrow_the_terminal(width: int) -> None:
    def words(text: str) -> set[str]:
        return {word.strip(".:;,()") for word in re.sub("─+", "", text).split()}

    result_set, summary = run(), doubtful()
    whole = words(on_screen(result_set, summary, 300)) | {"keep-alive"}  # which is two lines where there is room
    assert words(on_screen(result_set, summary, width)) - whole == set()
    assert {*builders.THROUGHPUTS, "SERVER-BOUND", "INVALID"} <= words(on_screen(result_set, summary, width))
    assert max(map(len, on_screen(result_set, summary, width).splitlines())) <= width


def test_columns_are_narrowed_one_after_the_other_and_never_below_their_longest_word() -> None:
    assert terminal.fitted([5, 5, 5], [5, 10, 20], 35) == [5, 10, 20]
    assert terminal.fitted([5, 5, 5], [5, 10, 20], 25) == [5, 10, 10]
    assert terminal.fitted([5, 5, 5], [5, 10, 20], 16) == [5, 6, 5]
    assert terminal.fitted([5, 5, 5], [5, 10, 20], 14) == []


def test_a_baseline_is_called_a_baseline_and_no_yardstick() -> None:
    member = builders.MEMBERS[builders.FASTAPI].model_copy(update={"label": "bare", "role": "baseline"})
    made = builders.result_set({"bare": 4400.0}, members={"bare": member}, blocks=1, rounds=2, starts=1)
    ((_, name, *_),) = tables.result(made.head, summaries.summary(made)).lines
    assert name == ("bare", "(baseline)")


def test_a_run_without_an_interval_speaks_of_none() -> None:
    made = builders.result_set(blocks=2, rounds=2, starts=1)
    title = tables.result(made.head, summarize(made)).title
    assert title == "Result (ratios are to fastapi@uvicorn)"
    assert "a range in brackets is a 95 % interval" in tables.result(run().head, doubtful()).title


def test_no_heading_in_markdown_has_a_hyphen_and_a_blank() -> None:
    served = tables.markdown(tables.served(run().head, doubtful()))
    assert "| keep-alive |" in served


def test_the_short_form_agrees_with_its_golden_file(agrees_with_golden: Agrees) -> None:
    agrees_with_golden("paste.md", report.paste(run(), doubtful()))


def test_csv_agrees_with_its_golden_file(agrees_with_golden: Agrees) -> None:
    agrees_with_golden("summary.csv", spreadsheet.csv_text(doubtful()))


def test_no_line_on_the_terminal_is_wider_than_100_columns() -> None:
    assert max(map(len, on_screen(run(), doubtful()).splitlines())) <= 100


def test_labels_of_twenty_characters_are_not_folded() -> None:
    assert all(label in on_screen(run(), doubtful()) for label in builders.THROUGHPUTS)


def test_yardsticks_stand_below_all_contenders() -> None:
    roles = [row.member.role == "contender" for row in tables.ordered(doubtful().rows)]
    assert roles == sorted(roles, reverse=True)


def test_a_contender_without_a_rank_stands_below_those_with_one() -> None:
    labels = [row.member.label for row in tables.ordered(doubtful().rows)]
    assert labels.index(builders.FLASK) > labels.index(builders.DJANGO)


def test_every_row_that_may_not_be_ranked_refers_to_a_numbered_doubt() -> None:
    verdicts = {line[1].main: line[-1] for line in tables.result(run().head, doubtful()).lines}
    assert verdicts[builders.FLASK] == ("INVALID", "[1]")
    assert verdicts[builders.FASTAPI].note == "[2]"
    assert "[1] flask@gthread, failed at launch" in on_screen(run(), doubtful())


def test_a_quick_run_says_first_that_it_shows_nothing() -> None:
    quick = builders.result_set(blocks=1, rounds=2, starts=1, quick=True)
    summary = summaries.summary(quick)
    assert "QUICK RUN" in "".join(on_screen(quick, summary).splitlines()[:3])
    assert report.paste(quick, summary).startswith("**QUICK RUN")


def test_without_a_claim_there_is_no_table_of_claims() -> None:
    assert "article" not in on_screen(run(), summaries.summary(run()))
    assert "what the article says of an AWS t3.medium" in on_screen(run(), doubtful())


def test_csv_has_one_line_per_contender_in_si_units() -> None:
    lines = list(csv.DictReader(io.StringIO(spreadsheet.csv_text(doubtful()))))
    fastapi = next(line for line in lines if line["contender"] == builders.FASTAPI)
    assert len(lines) == len(builders.MEMBERS)
    assert float(fastapi["cold_start_s"]) == pytest.approx(0.45)
    assert float(fastapi["requests_per_s_low"]) == pytest.approx(4334)


def test_csv_leaves_empty_what_was_not_measured() -> None:
    lines = csv.DictReader(io.StringIO(spreadsheet.csv_text(doubtful())))
    failed = next(line for line in lines if line["contender"] == builders.FLASK)
    assert failed["requests_per_s"] == failed["latency_p50_s"] == failed["memory_bytes"] == ""


def test_a_hostile_label_is_no_formula_in_csv() -> None:
    _, summary = hostile()
    lines = list(csv.DictReader(io.StringIO(spreadsheet.csv_text(summary))))
    assert len(lines) == 1
    assert lines[0]["contender"].startswith("'=")


def test_a_hostile_label_neither_colours_the_terminal_nor_breaks_its_lines() -> None:
    printed = on_screen(*hostile())
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_a_hostile_label_stays_in_its_markdown_cell() -> None:
    pasted = report.paste(*hostile())
    rows = [line for line in pasted.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert "\x1b" not in pasted


WHY = {builders.DJANGO: "WSGI has no WebSockets", "a@b": "=1+1"}


def sitting_out() -> tuple[ResultSet, Summary]:
    made = builders.result_set({builders.FASTAPI: 4400.0, builders.CONTROL: 4500.0}, blocks=1, rounds=2, starts=0)
    made = made.model_copy(update={"head": made.head.model_copy(update={"absent": WHY})})
    return made, summarize(made)


def test_who_cannot_is_a_row_that_says_why_below_the_contenders_and_above_the_yardsticks() -> None:
    made, summary = sitting_out()
    table = tables.result(made.head, summary)
    assert [line[1].main for line in table.lines] == [builders.FASTAPI, "a@b", builders.DJANGO, builders.CONTROL]
    assert [cell.main for cell in table.lines[2]] == [
        "—",
        builders.DJANGO,
        *["—"] * 5,
        "cannot: WSGI has no WebSockets",
    ]
    assert table.ranked == 3
    assert "cannot: WSGI" in on_screen(made, summary)
    assert "cannot: WSGI has no WebSockets |" in report.paste(made, summary)
    assert json.loads(summary.model_dump_json())["absent"] == WHY


def test_who_cannot_is_a_line_of_the_csv_which_has_a_column_for_it_only_then() -> None:
    lines = {line["contender"]: line for line in csv.DictReader(io.StringIO(spreadsheet.csv_text(sitting_out()[1])))}
    assert {key: value for key, value in lines[builders.DJANGO].items() if value} == {
        "contender": builders.DJANGO,
        "cannot": "WSGI has no WebSockets",
    }
    assert lines["a@b"]["cannot"] == "'=1+1"
    assert lines[builders.FASTAPI]["cannot"] == ""
    assert "cannot" not in spreadsheet.csv_text(summaries.summary(run())).partition("\n")[0].split(",")
