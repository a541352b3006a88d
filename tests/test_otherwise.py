"""What stands beside the slices: duets, the other wait policy, open loop; and the doubts about them."""

import pytest

from harness import guards, histogram
from harness.capacity import slowest_per_s
from harness.model import DuetOutcome, ErrorCause, Failure, Verdict
from harness.summary import summarize
from tests.builders import CONTROL, DJANGO, FASTAPI, FLASK, NULL, result_set

PLANNED = {"duets": 2, "other_wait_blocks": 8, "open_blocks": 2}


def rows(run):
    return {row.member.label: row for row in summarize(run).rows}


def doubts(run, contender=FLASK):
    return {doubt.guard: doubt for doubt in guards.doubts(run) if doubt.contender == contender}


def in_duets(run, contender=FLASK, **changes):
    """With fields of the contender's part in each of its duets changed."""

    def change(outcome):
        if not isinstance(outcome, DuetOutcome) or outcome.contender != contender:
            return outcome
        part = outcome.parts[contender].model_copy(update=changes)
        return outcome.model_copy(update={"parts": {**outcome.parts, contender: part}})

    return run.model_copy(update={"outcomes": tuple(map(change, run.outcomes))})


def in_windows(run, contender=FLASK, **changes):
    """With fields of the contender's windows of open loop changed; `pace` is changes of how the rate was kept."""
    pace = changes.pop("pace", {})

    def change(outcome):
        found = getattr(outcome, "recording", None)
        if outcome.kind != "turn" or outcome.contender != contender or found is None or found.paced is None:
            return outcome
        changed = found.model_copy(update={**changes, "paced": found.paced.model_copy(update=pace)})
        return outcome.model_copy(update={"recording": changed})

    return run.model_copy(update={"outcomes": tuple(map(change, run.outcomes))})


def test_a_run_without_them_says_nothing_of_them():
    found = rows(result_set())[FLASK]
    assert (found.duet, found.other_wait, found.open_loop) == (None, None, ())
    assert not {"slices and duet", "whole duets", "rate"} & set(doubts(result_set()))


def test_duets_and_slices_of_the_same_servers_agree():
    found = rows(result_set(**PLANNED))
    assert found[FLASK].duet.comparison.ratio.value == pytest.approx(2500 / 4400, rel=0.02)
    assert found[FLASK].duet.comparison.ratio.n == 12
    assert found[FLASK].duet.slices_over_duet.value == pytest.approx(1, abs=0.02)
    assert found[FLASK].duet.kept
    assert found[FASTAPI].duet is None
    assert found[NULL].duet is None
    assert found[CONTROL].duet


def test_the_other_wait_policy_has_a_ratio_of_its_own_which_no_other_number_contains():
    run = result_set(**PLANNED)
    slow = [block.index for block in run.head.schedule if block.kind == "other wait"]

    def change(outcome):
        if outcome.kind != "turn" or outcome.block not in slow or outcome.contender != FLASK:
            return outcome
        halved = outcome.recording.model_copy(update={"counted": outcome.recording.counted / 2})
        return outcome.model_copy(update={"recording": halved})

    changed = run.model_copy(update={"outcomes": tuple(map(change, run.outcomes))})
    assert rows(changed)[FLASK].other_wait.value == pytest.approx(1250 / 4400, rel=0.03)
    assert rows(changed)[FLASK].other_wait.n == 8
    assert rows(changed)[FLASK].comparison == rows(run)[FLASK].comparison


def test_open_loop_is_told_rate_by_rate_for_all_but_control():
    found = rows(result_set(**PLANNED))
    assert [(one.share, one.windows) for one in found[FLASK].open_loop] == [(0.3, 2), (0.6, 2)]
    assert found[FLASK].open_loop[0].latency.p50_s == pytest.approx(1.5 / 2500, rel=0.1)
    assert found[FLASK].open_loop[0].kept
    assert found[NULL].open_loop
    assert found[CONTROL].open_loop == ()


def test_capacity_is_the_lower_quartile_of_the_slowest_contender():
    run = result_set({FASTAPI: 4000.0, DJANGO: 1000.0, CONTROL: 10.0}, noise=0.0, block_noise=0.0)
    assert slowest_per_s(run) == pytest.approx(1000.0)
    assert slowest_per_s(result_set({FASTAPI: 4000.0, DJANGO: 1000.0}, noise=0.5)) < 900
    assert slowest_per_s(result_set(finished=0)) is None


@pytest.mark.parametrize("guard", list(guards.OF_DUETS) + list(guards.OF_OPEN_LOOP) + list(guards.WITH_DUETS))
def test_every_one_of_these_guards_is_silent_on_a_quiet_machine(guard):
    found = doubts(result_set(**PLANNED))[guard]
    assert (found.checked, found.gives) == (True, None)


@pytest.mark.parametrize(
    ("guard", "gives", "run"),
    [
        ("whole duets", Verdict.INVALID, lambda run: in_duets(run, is_whole=False)),
        ("equal shares", Verdict.UNSETTLED, lambda run: in_duets(run, cpu_s=0.8)),
        ("busy CPUs", Verdict.UNSETTLED, lambda run: in_duets(run, loaded_s=1.7)),
        ("slices and duet", Verdict.UNSETTLED, lambda run: in_duets(run, answered=1600)),
        ("open-loop answers", Verdict.INVALID, lambda run: in_windows(run, errors={ErrorCause.STATUS: 1})),
        ("rate", Verdict.INVALID, lambda run: in_windows(run, pace={"in_time": 1400})),
        ("lag", Verdict.CLIENT_BOUND, lambda run: in_windows(run, pace={"lag": histogram.of([0.001] * 9)})),
    ],
)
def test_each_of_them_fires(guard, gives, run):
    found = doubts(run(result_set(**PLANNED)))[guard]
    assert (found.checked, found.gives) == (True, gives)


def test_slow_answers_keep_a_rate_though_the_last_of_them_come_after_the_window():
    """At 0.6 s each, 12 of 100 that are due in 5 s are answered after it."""

    def of(in_time):
        slow = {"latency": histogram.of([0.6] * 1000), "pace": {"due": 1000, "in_time": in_time}}
        return doubts(in_windows(result_set(**PLANNED), **slow))["rate"].gives

    assert (of(880), of(800)) == (None, Verdict.INVALID)


def test_all_of_them_have_a_case_in_which_they_fire():
    (cases,) = (mark.args[1] for mark in test_each_of_them_fires.pytestmark)
    assert {case[0] for case in cases} == {*guards.OF_DUETS, *guards.OF_OPEN_LOOP, *guards.WITH_DUETS}


def test_slices_are_not_held_against_duets_whose_conditions_did_not_hold():
    found = doubts(in_duets(result_set(**PLANNED), answered=1600, loaded_s=1.7))["slices and duet"]
    assert (found.checked, found.gives) == (False, None)


def test_a_doubt_about_a_duet_or_about_open_loop_leaves_the_verdict_on_throughput_alone():
    run = in_windows(in_duets(result_set(**PLANNED), cpu_s=0.8), pace={"in_time": 0})
    found = rows(run)[FLASK]
    assert found.verdict is Verdict.SERVER_BOUND
    assert found.rank == 2
    assert not found.duet.kept
    assert not any(one.kept for one in found.open_loop)


def test_a_window_that_failed_is_a_doubt():
    run = result_set(**PLANNED)
    failed = Failure(stage="open loop", message="lost")

    def change(outcome):
        is_window = outcome.kind == "turn" and outcome.recording.paced and outcome.contender == FLASK
        return outcome.model_copy(update={"failure": failed, "recording": None}) if is_window else outcome

    found = doubts(run.model_copy(update={"outcomes": tuple(map(change, run.outcomes))}))
    assert found["open-loop answers"].gives is Verdict.INVALID
    assert not found["rate"].checked


def test_duets_without_clean_ones_say_nothing():
    run = in_duets(result_set(**PLANNED), cpu_s=0.0)
    assert rows(run)[FLASK].duet is None
    assert not doubts(run)["equal shares"].checked
