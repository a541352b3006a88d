"""What a report says of cold starts beyond the warm ones, and of imports."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from harness.model import Import, Imports, ImportsOutcome, ResultSet, Row, StartVariant, Summary
from harness.report import charts, coldstart, document, series, spreadsheet, tables
from harness.summary import summarize
from tests import builders, summaries
from tests.test_report_charts import drawn, points, texts
from tests.test_report_tables import HOSTILE, on_screen

MODULES = tuple(Import(module=f"m{n}", self_s=n / 1000, cumulative_s=n / 500) for n in range(1, 13))


def run(**changes: int) -> ResultSet:
    plan: dict[str, Any] = {
        "blocks": 2,
        "rounds": 2,
        "starts": 8,
        "dropped_starts": 4,
        "no_bytecode_starts": 6,
    } | changes
    made = builders.result_set(**plan)
    told = ImportsOutcome(contender=builders.FLASK, attempt=1, at=0.0, imports=MODULES)
    return made.model_copy(update={"outcomes": (told, *made.outcomes)})


def row_of(summary: Summary, label: str) -> Row:
    return next(row for row in summary.rows if row.member.label == label)


def test_each_variant_has_its_own_medians_and_the_result_keeps_the_warm_one() -> None:
    flask = row_of(summarize(run()), builders.FLASK)
    assert list(flask.starts) == list(StartVariant)
    assert (flask.ready_s, flask.listening_s) == (
        flask.starts[StartVariant.WARM].ready_s,
        flask.starts[StartVariant.WARM].listening_s,
    )
    counts = {variant: started.ready_s.n for variant, started in flask.starts.items() if started.ready_s}
    assert counts == {StartVariant.WARM: 8, StartVariant.DROPPED: 4, StartVariant.NO_BYTECODE: 6}
    assert flask.ready_s
    for variant, times in builders.SLOWER.items():
        found = flask.starts[variant].ready_s
        assert found
        assert found.value / flask.ready_s.value == pytest.approx(times, rel=0.2)


def test_a_start_that_only_filled_the_page_cache_is_in_no_number() -> None:
    whole = run()
    filling = whole.starts[0].model_copy(update={"counted": False, "ready_s": 99.0})
    more = whole.model_copy(update={"outcomes": (*whole.outcomes, filling)})
    assert summarize(more) == summarize(whole)


def test_a_variant_whose_starts_all_failed_is_shown_as_not_measured() -> None:
    whole = run()
    outcomes = tuple(
        one.model_copy(update={"ready_s": None, "listening_s": None, "failure": summaries.FAILED})
        if getattr(one, "variant", None) is StartVariant.DROPPED
        else one
        for one in whole.outcomes
    )
    summary = summarize(whole.model_copy(update={"outcomes": outcomes}))
    table = coldstart.variants(summary)
    assert table
    assert {line[3].main for line in table.lines if line[1].main == "without page cache"} == {"not measured"}


def test_warm_starts_alone_make_no_table() -> None:
    summary = summarize(run(dropped_starts=0, no_bytecode_starts=0))
    assert coldstart.variants(summary) is None
    assert "Cold start (medians; warm" not in on_screen(run(), summary)


def test_the_table_of_variants_is_on_the_screen_and_in_the_report() -> None:
    result_set = run()
    summary = summarize(result_set)
    table = coldstart.variants(summary)
    assert table
    assert [line[:2] for line in table.lines[:3]] == [
        ((builders.FASTAPI, ""), (variant.in_words, "")) for variant in StartVariant
    ]
    for text in (on_screen(result_set, summary), document.markdown(result_set, summary)):
        assert "Cold start (medians; warm" in text
        assert "without bytecode: every module" in text.replace("**", "")
        assert "listening: from just before" in text.replace("**", "")


def test_csv_has_every_variant() -> None:
    lines = {line["contender"]: line for line in csv.DictReader(io.StringIO(spreadsheet.csv_text(summarize(run()))))}
    flask = lines[builders.FLASK]
    assert (
        float(flask["cold_start_dropped_s"]) > float(flask["cold_start_no_bytecode_s"]) > float(flask["cold_start_s"])
    )
    assert float(flask["listening_dropped_s"]) == pytest.approx(5 * float(flask["listening_s"]))
    assert flask["cold_start_dropped_s_n"] == "4"
    assert lines[builders.NULL]["cold_start_dropped_s"] == ""


def test_every_start_of_every_variant_is_drawn() -> None:
    result_set = run()
    summary = summarize(result_set)
    sheet = drawn(charts.cold_start, result_set, summary)
    started = [(row, variant) for row in tables.ordered(summary.rows) for variant in row.starts]
    assert len(started) == 9
    for place, (row, variant) in enumerate(started):
        assert points(sheet, place) == sorted(series.ready_times(result_set, row.member.label, variant))
    assert f"{builders.FLASK}\nwithout page cache" in texts(sheet)


def test_what_was_planned_and_could_not_be_done_is_said() -> None:
    head = run().head
    (said,) = coldstart.remarks(head)
    assert "not possible here" in said
    moment = {**head.fingerprint.moment, "drops_page_cache": True}
    able = head.model_copy(update={"fingerprint": head.fingerprint.model_copy(update={"moment": moment})})
    assert list(coldstart.remarks(able)) == []
    assert list(coldstart.remarks(run(dropped_starts=0).head)) == []
    assert said in document.markdown(run(), summarize(run()))


def test_the_ten_dearest_imports_are_named_and_all_are_counted() -> None:
    summary = summarize(run())
    imports = row_of(summary, builders.FLASK).imports
    assert imports
    assert imports.modules == 12
    assert [one.module for one in imports.dearest] == [f"m{n}" for n in range(12, 2, -1)]
    assert row_of(summary, builders.FASTAPI).imports is None
    said = dict(coldstart.imported(summary))
    dearest = "m12 12.0 ms, m11 11.0 ms, m10 10.0 ms"
    assert said == {builders.FLASK: f"imports 12 modules; the dearest by themselves: {dearest}."}


def test_the_screen_has_one_sentence_on_imports_and_the_report_the_ten_dearest() -> None:
    result_set = run()
    summary = summarize(result_set)
    screen, text = on_screen(result_set, summary), document.markdown(result_set, summary)
    assert "imports 12 modules" in screen
    assert "m3" not in screen
    assert "| `flask@gthread` | `m3` | 3.00 ms | 6.00 ms |" in text


def test_a_hostile_module_name_acts_nowhere() -> None:
    whole = summarize(run())
    evil = Import(module=HOSTILE, self_s=1.0, cumulative_s=1.0)
    rows = [row.model_copy(update={"imports": Imports(modules=1, dearest=(evil,))}) for row in whole.rows]
    summary = whole.model_copy(update={"rows": tuple(rows)})
    assert "\x1b" not in on_screen(run(), summary)
    text = document.markdown(run(), summary)
    assert "\x1b" not in text
    assert HOSTILE.splitlines()[0] not in text
