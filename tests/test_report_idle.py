"""What idle WebSockets cost is a table of its own: of those that hold them, and of those that cannot."""

import csv
import io

import pytest

from harness import report
from harness.model import BlockOutcome, Failure, IdleOutcome
from harness.report import document, spreadsheet, tables
from harness.summary import summarize
from tests import builders
from tests.builders import DJANGO, FASTAPI, FLASK
from tests.test_report_tables import on_screen

MB = 10**6
STARVED = "no further one was open within 5 s"


def idle(label, block, **seen):
    return IdleOutcome(block=block, attempt=0, contender=label, asked=1000, **seen)


def outcomes(block):
    """FastAPI takes 40 KiB for each of 1,000, give or take; Flask holds 32; the first time Django does not start."""
    each = 1024 * (40 + (block % 3 - 1))
    yield idle(FASTAPI, block, opened=1000, before_bytes=50 * MB, holding_bytes=50 * MB + 1000 * each)
    yield idle(FLASK, block, opened=32, ended=STARVED, before_bytes=40 * MB, holding_bytes=40 * MB + 32 * 102_400)
    failure = Failure(stage="idle", message="`django_rest@gthread` opened no WebSocket: full") if block == 0 else None
    memory = {} if failure else {"opened": 1000, "before_bytes": 50 * MB, "holding_bytes": 50 * MB + 1_024_000}
    yield idle(DJANGO, block, failure=failure, **memory)


def run(blocks=8, finished=8, absent=None, outcomes=outcomes):
    made = builders.result_set(blocks=blocks, finished=finished, rounds=2, starts=0, idle_connections=1000)
    found = []
    for one in made.outcomes:
        found += [*(outcomes(one.block) if isinstance(one, BlockOutcome) else ()), one]
    return made.model_copy(
        update={"head": made.head.model_copy(update={"absent": absent or {}}), "outcomes": tuple(found)}
    )


def row(made, label):
    return next(one for one in summarize(made).rows if one.member.label == label)


def test_memory_of_each_is_the_median_over_blocks_with_an_interval():
    found = row(run(), FASTAPI).idle
    assert (found.asked, found.opened, found.ended) == (1000, 1000, None)
    assert found.memory_bytes.value == 40 * 1024
    assert (found.memory_bytes.low, found.memory_bytes.high) == (39 * 1024, 41 * 1024)
    assert found.memory_bytes.n == 8


def test_few_blocks_claim_no_interval():
    assert row(run(blocks=2), FASTAPI).idle.memory_bytes.low is None


def test_a_block_that_failed_is_said_and_leaves_a_verdict_alone():
    made = row(run(), DJANGO)
    assert made.idle.memory_bytes.n == 7
    assert made.idle.ended == "`django_rest@gthread` opened no WebSocket: full"
    assert made.failures == ()
    assert made.verdict is row(run(outcomes=lambda _: ()), DJANGO).verdict


def test_only_finished_blocks_count():
    made = run()
    cut = made.model_copy(update={"outcomes": made.outcomes[:-1]})
    assert row(cut, FASTAPI).idle.memory_bytes.n == 7


def test_the_table_says_how_many_were_held_what_each_costs_and_who_cannot():
    made = run(absent={"bare@wsgi": "WSGI has no WebSockets"})
    table = tables.idle(made.head, summarize(made))
    lines = {line[0].main: [str(cell) for cell in line[1:]] for line in table.lines}
    assert lines == {
        FASTAPI: ["1,000 of 1,000", "40 (39 to 41)", "—"],
        FLASK: ["32 of 1,000", "100.0 (100.0 to 100.0)", STARVED],
        DJANGO: ["1,000 of 1,000", "1.000 (1.000 to 1.000)", "`django_rest@gthread` opened no WebSocket: full"],
        "bare@wsgi": ["—", "—", "cannot: WSGI has no WebSockets"],
    }


def test_who_never_opened_one_was_not_measured():
    table = tables.idle((made := run(blocks=1)).head, summarize(made))
    assert [str(cell) for cell in table.lines[2]][1:3] == ["—", "not measured"]


def test_report_terminal_and_csv_show_it_and_say_what_is_not_in_it():
    made = run()
    summary = summarize(made)
    for said in (document.markdown(made, summary), on_screen(made, summary, 200)):
        assert "Memory of idle WebSockets" in said
        assert "What the kernel keeps for a socket is in no process's set" in " ".join(said.split())
    lines = {line["contender"]: line for line in csv.DictReader(io.StringIO(spreadsheet.csv_text(summary)))}
    keys = ("idle_opened", "idle_memory_bytes", "idle_memory_bytes_n", "idle_ended")
    assert [lines[FLASK][key] for key in keys] == ["32", "102400.0", "8", STARVED]
    assert [lines["null"][key] for key in keys] == [""] * 4


def test_a_run_without_idle_connections_knows_nothing_of_them():
    made = builders.result_set(blocks=1, rounds=2, starts=0)
    summary = summarize(made)
    texts = (document.markdown(made, summary), spreadsheet.csv_text(summary), summary.model_dump_json())
    assert [text for text in (*texts, report.paste(made, summary)) if "idle" in text] == []


@pytest.mark.parametrize("seen", [{}, {"opened": 0, "before_bytes": 1, "holding_bytes": 2}, {"opened": 3}])
def test_nothing_is_divided_where_nothing_was_measured(seen):
    assert idle(FASTAPI, 0, **seen).bytes_each is None
