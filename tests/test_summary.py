"""A summary says what a run allows, and nothing where it allows nothing."""

import math
from statistics import median
from typing import Any

import pytest

from harness import capacity
from harness.model import Call, ErrorCause, Expectation, Failure, Outcome, ResultSet, Row, TurnOutcome, Verdict
from harness.report.frame import frame
from harness.summary import summarize
from tests.builders import (
    CONTROL,
    DJANGO,
    FASTAPI,
    FLASK,
    MEMBERS,
    NULL,
    READY_S,
    THROUGHPUTS,
    altered,
    result_set,
    served,
    usage,
)

GONE = Failure(stage="slice", message="`fastapi@uvicorn` could not be measured", hint="Look at its log.")


def _rows(run: ResultSet) -> dict[str, Row]:
    return {row.member.label: row for row in summarize(run).rows}


def test_contenders_are_ranked_by_throughput_and_the_others_follow() -> None:
    summary = summarize(result_set({label: THROUGHPUTS[label] for label in reversed(list(THROUGHPUTS))}))
    assert [row.member.label for row in summary.rows] == [FASTAPI, FLASK, DJANGO, CONTROL, NULL]
    assert [row.rank for row in summary.rows] == [1, 2, 3, None, None]


def test_throughput_is_what_was_put_in() -> None:
    rows = _rows(result_set())
    for label, per_s in THROUGHPUTS.items():
        found = rows[label].requests_per_s
        assert found
        assert found.value == pytest.approx(per_s, rel=0.02)
        assert (found.low or 0) < found.value < (found.high or 0)
        assert found.n == 12


def test_every_other_row_is_compared_with_the_reference() -> None:
    rows = _rows(result_set())
    assert rows[FASTAPI].comparison is None
    for label in (FLASK, DJANGO, NULL, CONTROL):
        found = rows[label].comparison
        assert found
        assert found.reference == FASTAPI
        assert found.ratio.value == pytest.approx(THROUGHPUTS[label] / THROUGHPUTS[FASTAPI], rel=0.02)
        assert 1 < (found.detectable or 0) < 1.05


def test_answers_that_are_right_in_another_way_count_and_are_told_by_name() -> None:
    run = altered(result_set(blocks=2, rounds=3), "recording", FLASK, answered=1000, alternatives={"refused": 900})
    rows = _rows(run)
    assert (rows[FLASK].answered, rows[FLASK].alternatives) == (6000, {"refused": 5400})
    assert rows[FLASK].verdict is rows[FASTAPI].verdict is not Verdict.INVALID
    assert rows[FLASK].requests_per_s == _rows(result_set(blocks=2, rounds=3))[FLASK].requests_per_s
    assert (rows[FASTAPI].answered, rows[FASTAPI].alternatives) == (None, {})
    assert "alternatives" not in rows[FASTAPI].model_dump()


def test_a_turn_that_ran_out_of_rows_makes_a_number_invalid_though_no_answer_was_wrong() -> None:
    short = Failure(stage="slice", message="the scenario ran out of rows for `signup`")
    run = altered(result_set(), "recording", FLASK, ran_out="signup", counted=0)
    row = _rows(altered(run, "turn", FLASK, failure=short))[FLASK]
    assert (row.verdict, row.requests_per_s) == (Verdict.INVALID, None)
    assert short in row.failures


def test_equals_share_a_rank() -> None:
    rows = _rows(result_set({**THROUGHPUTS, FLASK: THROUGHPUTS[DJANGO]}, noise=0.05, block_noise=0.02))
    assert rows[FLASK].comparison
    assert [rows[label].rank for label in (FASTAPI, FLASK, DJANGO)] == [1, 2, 2]


def test_a_baseline_has_no_rank() -> None:
    bare = MEMBERS[FLASK].model_copy(update={"role": "baseline"})
    rows = _rows(result_set(members={**MEMBERS, FLASK: bare}))
    assert (rows[FLASK].verdict, rows[FLASK].rank) == (Verdict.SERVER_BOUND, None)
    assert [rows[label].rank for label in (FASTAPI, DJANGO)] == [1, 2]


def test_only_server_bound_numbers_are_ranked() -> None:
    rows = _rows(result_set({**THROUGHPUTS, NULL: 5000.0}))
    assert (rows[FASTAPI].verdict, rows[FASTAPI].rank) == (Verdict.CLIENT_BOUND, None)
    assert [rows[label].rank for label in (FLASK, DJANGO)] == [1, 2]


def test_nothing_is_ranked_without_the_ceiling() -> None:
    rows = _rows(result_set({label: one for label, one in THROUGHPUTS.items() if label != NULL}))
    assert {(row.verdict, row.rank) for row in rows.values()} == {(Verdict.UNSETTLED, None)}


def test_nothing_is_said_of_a_ratio_to_a_reference_that_is_in_doubt() -> None:
    rows = _rows(altered(result_set(), "recording", FASTAPI, connections=50))
    assert (rows[FASTAPI].verdict, rows[FLASK].verdict) == (Verdict.UNSETTLED, Verdict.SERVER_BOUND)
    comparison = rows[FLASK].comparison
    assert comparison
    assert comparison.call is Call.UNDECIDED
    assert comparison.ratio == getattr(_rows(result_set())[FLASK].comparison, "ratio", None)


# What little there is ------------------------------------------------------------------------------------------------


def test_an_empty_run_has_rows_that_say_nothing() -> None:
    summary = summarize(result_set(finished=0, starts=0))
    assert (summary.blocks_planned, summary.blocks_finished) == (12, 0)
    assert [row.member.label for row in summary.rows] == list(THROUGHPUTS)
    for row in summary.rows:
        said = row.model_dump(exclude={"member", "verdict", "failures", "starts", "open_loop"})
        assert (row.starts, row.open_loop) == ({}, ())
        assert set(said.values()) == {None}
        assert row.verdict is not Verdict.SERVER_BOUND


def test_a_run_cut_off_after_two_blocks_gives_numbers_without_intervals() -> None:
    summary = summarize(result_set(finished=2))
    assert summary.blocks_finished == 2
    for row in summary.rows:
        assert row.requests_per_s
        assert (row.requests_per_s.n, row.requests_per_s.low, row.rank) == (2, None, None)
        assert row.comparison is None or row.comparison.call is Call.UNDECIDED
    assert _rows(result_set(finished=2))[FASTAPI].verdict is Verdict.UNSETTLED


def test_a_quick_run_of_one_block_shows_nothing() -> None:
    rows = _rows(result_set(blocks=1, rounds=2, starts=3, quick=True))
    assert rows[FASTAPI].requests_per_s
    assert {rows[label].verdict for label in (FASTAPI, FLASK, DJANGO)} == {Verdict.UNSETTLED}
    ready_s = rows[FASTAPI].ready_s
    assert ready_s
    assert ready_s.low is None


def test_a_reference_that_failed_everywhere_leaves_the_rest_uncompared() -> None:
    rows = _rows(altered(result_set(), "turn", FASTAPI, failure=GONE, recording=None))
    assert rows[FASTAPI].verdict is Verdict.INVALID
    assert rows[FASTAPI].requests_per_s is None
    assert rows[FASTAPI].failures[0] == GONE
    assert all(row.comparison is None for row in rows.values())
    assert [rows[label].rank for label in (FASTAPI, FLASK, DJANGO)] == [None, 1, 2]


def test_an_invalid_number_is_compared_with_nothing() -> None:
    rows = _rows(altered(result_set(), "recording", FLASK, errors={ErrorCause.BODY: 1}))
    assert (rows[FLASK].verdict, rows[FLASK].comparison) == (Verdict.INVALID, None)
    assert rows[FLASK].latency is None
    assert rows[DJANGO].comparison


# The other columns ---------------------------------------------------------------------------------------------------


def test_cold_start_is_the_median_of_all_starts() -> None:
    run = result_set()
    found = _rows(run)[FLASK]
    assert found.ready_s
    assert found.listening_s
    assert found.ready_s.value == median(start.ready_s or 0 for start in run.starts if start.contender == FLASK)
    assert (found.ready_s.low or 0) < READY_S[FLASK] < (found.ready_s.high or 0)
    assert found.listening_s.value == pytest.approx(0.6 * READY_S[FLASK])
    assert found.ready_s.n == 20


def test_a_start_that_failed_is_no_time() -> None:
    found = _rows(altered(result_set(), "start", FLASK, ready_s=None, listening_s=None, failure=GONE))[FLASK]
    assert (found.ready_s, found.listening_s) == (None, None)
    assert found.failures == (GONE,) * 20


def test_cpu_per_request_is_that_of_the_measured_rounds_over_all_their_answers() -> None:
    run = served(result_set(blocks=8), FLASK, warmed=usage(MEMBERS[FLASK], 1.0), ended=usage(MEMBERS[FLASK], 3.0))
    answered = [
        sum(turn.recording.answered for turn in run.turns if turn.recording and _is_of(turn, FLASK, block))
        for block in range(8)
    ]
    assert _rows(run)[FLASK].cpu_s_per_request == pytest.approx(median(2.0 / one for one in answered))


def _is_of(turn: object, label: str, block: int) -> bool:
    return (getattr(turn, "contender", None), getattr(turn, "block", None)) == (label, block) and bool(
        getattr(turn, "round", 0)
    )


def test_a_block_with_a_failed_slice_says_nothing_of_cpu_per_request() -> None:
    run = altered(result_set(), "recording", FLASK, errors={ErrorCause.RESET: 1})
    assert _rows(run)[FLASK].cpu_s_per_request is None


def test_dollars_follow_from_throughput() -> None:
    row = _rows(result_set())[FLASK]
    assert row.requests_per_s
    assert row.usd_per_million_requests
    hours = 1e6 / row.requests_per_s.value / 3600
    assert row.usd_per_million_requests == pytest.approx((0.0416 + 1.6 * 0.05) * hours)


def test_memory_processes_and_threads_are_those_of_the_whole_tree() -> None:
    row = _rows(result_set())[FLASK]
    assert (row.memory_bytes, row.processes, row.threads) == (60_000_000, 2, 34)


def test_latencies_are_merged_over_measured_slices() -> None:
    row = _rows(result_set(noise=0.001, block_noise=0.001))[FLASK]
    assert row.latency
    assert row.latency.count == 12 * 10 * 201
    assert row.latency.mean_s == pytest.approx(100 / THROUGHPUTS[FLASK], rel=0.01)
    assert row.latency.p50_s == pytest.approx(100 / THROUGHPUTS[FLASK], rel=0.01)
    assert row.latency.p99_s == pytest.approx(1.49 * 100 / THROUGHPUTS[FLASK], rel=0.01)
    assert row.latency.min_s <= row.latency.p50_s <= row.latency.p999_s <= row.latency.max_s


def test_reconnects_are_counted_per_request() -> None:
    run = altered(result_set(), "recording", FLASK, reconnects=5, answered=1000)
    assert _rows(run)[FLASK].reconnects_per_request == 0.005


def test_a_summary_is_the_same_every_time() -> None:
    run = result_set()
    assert summarize(run) == summarize(ResultSet.model_validate_json(run.model_dump_json()))


def test_the_mean_is_geometric() -> None:
    run = result_set({FASTAPI: 1000.0}, noise=0.0, block_noise=0.5)
    logs = [
        math.log(turn.recording.counted / turn.recording.counted_s)
        for turn in run.turns
        if turn.recording and turn.round == 1
    ]
    row = _rows(run)[FASTAPI]
    assert row.requests_per_s
    assert row.requests_per_s.value == pytest.approx(math.exp(sum(logs) / len(logs)))


BUSY = Expectation(status=503, json_body={})


def _turning_away(run: ResultSet, status: int) -> ResultSet:
    """A run in which Flask turned six of ten away, by an alternative of this status."""
    request = run.head.scenario.load[0].model_copy(
        update={"alternatives": {"refused": BUSY.model_copy(update={"status": status})}}
    )
    scenario = run.head.scenario.model_copy(update={"requests": (request,)})
    asked = run.model_copy(update={"head": run.head.model_copy(update={"scenario": scenario})})
    return asked.model_copy(update={"outcomes": tuple(map(_turned_away, asked.outcomes))})


def _turned_away(outcome: Outcome) -> Outcome:
    """As many as that in what is counted; in the whole of the turn more."""
    if not isinstance(outcome, TurnOutcome) or outcome.contender != FLASK or not outcome.recording:
        return outcome
    told: dict[str, Any] = {"answered": 1000, "alternatives": {"refused": 900}}
    told |= {"counted_alternatives": {"refused": 0.6 * outcome.recording.counted}}
    return outcome.model_copy(update={"recording": outcome.recording.model_copy(update=told)})


def test_whoever_is_turned_away_by_a_busy_server_is_no_throughput() -> None:
    run = result_set(blocks=8, rounds=3)
    counted, refused = (_rows(_turning_away(run, status))[FLASK] for status in (429, 503))
    assert counted.requests_per_s
    assert refused.requests_per_s
    assert refused.requests_per_s.value == pytest.approx(0.4 * counted.requests_per_s.value)
    assert refused.comparison
    assert refused.comparison.ratio.value == pytest.approx(0.4 * THROUGHPUTS[FLASK] / THROUGHPUTS[FASTAPI], rel=0.03)
    assert refused.verdict is Verdict.SERVER_BOUND
    assert frame(_turning_away(run, 503))["requests_per_s"].min() < 0.5 * THROUGHPUTS[FLASK]


def test_rates_of_open_loop_are_shares_of_what_is_served() -> None:
    run = result_set({FASTAPI: 4000.0, FLASK: 2000.0}, blocks=8, rounds=3)
    served_per_s = capacity.slowest_per_s(_turning_away(run, 503))
    assert served_per_s == pytest.approx(0.4 * (capacity.slowest_per_s(_turning_away(run, 429)) or 0))
