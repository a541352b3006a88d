"""Two runs are compared under the same conditions only, and nothing is said that the machine may have made."""

from __future__ import annotations

from typing import Any

import pytest

from harness import compare
from harness.compare import Compared, Contrast, Side
from harness.errors import InputError
from harness.model import Call, Failure, ResultSet, Verdict
from harness.summary import summarize
from tests import builders
from tests.builders import CONTROL, DJANGO, FASTAPI, FLASK, MEMBERS, NULL, THROUGHPUTS

DIGESTS = {"measuring": "0" * 16, "scenario json": "1" * 16, "app control": "2" * 16, "app flask": "3" * 16}


def run(seed: int = 1, identity: Any = None, digests: Any = None, moment: Any = None, **changes: Any) -> ResultSet:
    """A run of all contenders; throughputs that differ from the usual ones are given by label."""
    throughputs = {**THROUGHPUTS, **changes.pop("throughputs", {})}
    made = builders.result_set(throughputs, seed=seed, **{"starts": 4, "rounds": 2, **changes})
    head = made.head
    fingerprint = head.fingerprint.model_copy(
        update={
            "identity": {**head.fingerprint.identity, **(identity or {})},
            "moment": {**head.fingerprint.moment, **(moment or {})},
        }
    )
    update = {"name": f"run-{seed}", "fingerprint": fingerprint, "digests": {**DIGESTS, **(digests or {})}}
    return made.model_copy(update={"head": head.model_copy(update=update)})


def compared(first: ResultSet, second: ResultSet, ours: str | None = None, theirs: str | None = None) -> Contrast:
    one, other = (Side(made, summarize(made)) for made in (first, second))
    return compare.contrast(one, other, compare.pairs(one.head, other.head, (ours, theirs)))


def of(found: Contrast, label: str) -> Compared:
    return next(pair for pair in found.pairs if pair.second.label == label)


def slower(share: float, *labels: str) -> dict[str, float]:
    return {label: (1 - share) * THROUGHPUTS[label] for label in labels}


# Who is compared ------------------------------------------------------------------------------------------------------


def test_every_label_that_both_runs_have_is_compared_yardsticks_last() -> None:
    first = run(1)
    second = builders.result_set({NULL: 50_000.0, DJANGO: 1600.0, CONTROL: 4500.0, FASTAPI: 4400.0}, seed=2)
    assert [one for one, _ in compare.pairs(first.head, second.head, (None, None))] == [FASTAPI, DJANGO, NULL, CONTROL]


def test_two_named_contenders_are_compared_and_one_name_stands_for_both() -> None:
    first, second = run(1).head, run(2).head
    assert compare.pairs(first, second, (FASTAPI, FLASK)) == ((FASTAPI, FLASK),)
    assert compare.pairs(first, second, (FLASK, None)) == compare.pairs(first, second, (None, FLASK))
    assert compare.pairs(first, second, (None, FLASK)) == ((FLASK, FLASK),)


@pytest.mark.parametrize("named", [(None, None), (FLASK, FLASK), (FLASK, None)])
def test_a_run_is_not_compared_with_itself(named: tuple[str | None, str | None]) -> None:
    with pytest.raises(InputError, match="both are the run"):
        compare.pairs(run().head, run().head, named)


def test_a_label_that_a_run_does_not_have_is_an_error_that_says_which_it_has() -> None:
    with pytest.raises(InputError, match='no contender "nobody"') as refused:
        compare.pairs(run(1).head, run(2).head, ("nobody", FLASK))
    assert FLASK in refused.value.hint


def test_runs_that_share_nothing_but_yardsticks_are_an_error() -> None:
    one = builders.result_set({FASTAPI: 4400.0, NULL: 50_000.0, CONTROL: 4500.0}, blocks=1)
    other = builders.result_set({FLASK: 2500.0, NULL: 50_000.0, CONTROL: 4500.0}, blocks=1)
    with pytest.raises(InputError, match="no contender in common"):
        compare.pairs(one.head, other.head, (None, None))


# Under which conditions -----------------------------------------------------------------------------------------------


def conditions(first: ResultSet, second: ResultSet) -> dict[str, tuple[Any, Any]]:
    return {one.what: (one.first, one.second) for one in compared(first, second).differences.conditions}


def others(first: ResultSet, second: ResultSet) -> dict[str, tuple[Any, Any]]:
    return {one.what: (one.first, one.second) for one in compared(first, second).differences.others}


SMALL: dict[str, Any] = {"blocks": 1}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"identity": {"kernel": "6.2"}}, "kernel"),
        ({"identity": {"cpu_model": "Another CPU"}}, "cpu_model"),
        ({"identity": {"placement": {"server_cpus": [1]}}}, "placement"),
        ({"identity": {"wait": "sleep"}}, "wait"),
        ({"identity": {"a_key_of_tomorrow": 1}}, "a_key_of_tomorrow"),
        ({"engine": "fasthttp"}, "engine"),
        ({"connections": 64}, "connections"),
        ({"warm_s": 2.0}, "warm_s"),
        ({"digests": {"scenario json": "9" * 16}}, "scenario"),
    ],
)
def test_what_the_machine_or_the_load_differ_in_is_a_condition(changes: Any, what: str) -> None:
    found = conditions(run(1, **SMALL), run(2, **SMALL, **changes))
    assert list(found) == [what]
    assert found[what][0] != found[what][1]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"digests": {"measuring": "9" * 16}}, "digest of measuring"),
        ({"digests": {"app flask": "9" * 16}}, "digest of app flask"),
        ({"identity": {"generator": {"locust": "3"}}}, "generator's locust"),
        ({"moment": {"boot_id": "another"}}, "boot_id"),
        ({"moment": {"commit": "abc"}}, "commit"),
        ({"rounds": 5}, "rounds"),
        ({"blocks": 2}, "blocks"),
        ({"members": {**MEMBERS, FLASK: MEMBERS[FLASK].model_copy(update={"versions": {"flask": "4"}})}}, "flask"),
        (
            {"members": {**MEMBERS, FLASK: MEMBERS[FLASK].model_copy(update={"threads": 8})}},
            "flask@gthread: threads",
        ),
    ],
)
def test_what_may_be_the_very_thing_to_compare_is_only_noted(changes: Any, what: str) -> None:
    first, second = run(1, **SMALL), run(2, **{**SMALL, **changes})
    assert what in others(first, second)
    assert conditions(first, second) == {}


def test_neither_the_seed_nor_what_derives_nor_an_app_that_is_not_compared_is_noted() -> None:
    changed = run(2, **SMALL, digests={"deriving": "9" * 16, "app other": "9" * 16}, identity={"versions": {"x": "1"}})
    assert others(run(1, **SMALL), changed) == {}


# What is said ---------------------------------------------------------------------------------------------------------


def test_two_contenders_of_one_run_are_paired_as_in_its_own_table() -> None:
    made = run()
    found = compared(made, made, FASTAPI, FLASK)
    own = next(row.comparison for row in summarize(made).rows if row.member.label == FLASK)
    assert found.paired
    assert (of(found, FLASK).call, of(found, FLASK).over_control) == (Call.SLOWER, None)
    assert own is not None
    assert of(found, FLASK).ratio == own


def test_the_ratio_is_the_second_over_the_first() -> None:
    found = of(compared(run(1), run(2, throughputs=slower(0.2, FLASK))), FLASK)
    assert found.ratio is not None
    assert found.ratio.ratio.value == pytest.approx(0.8, abs=0.02)
    assert found.ratio.ratio.n == 24


def test_what_became_slower_while_control_did_not_is_slower() -> None:
    found = compared(run(1), run(2, throughputs=slower(0.2, FLASK)))
    assert [(pair.second.label, pair.call) for pair in found.pairs][1] == (FLASK, Call.SLOWER)
    assert of(found, FASTAPI).call in {Call.SAME, Call.UNDECIDED}
    assert "alike" in of(found, FLASK).because


def test_a_machine_that_was_slower_makes_nobody_slower() -> None:
    found = compared(run(1), run(2, throughputs=slower(0.2, *THROUGHPUTS)))
    pair = of(found, FLASK)
    assert pair.ratio is not None
    assert pair.over_control is not None
    assert pair.ratio.call is Call.SLOWER
    assert pair.over_control.ratio.value == pytest.approx(1, abs=0.02)
    assert pair.call is Call.UNDECIDED
    assert pair.because.startswith("As it stands it is SLOWER, over control's")


def test_two_runs_of_the_same_over_many_quiet_blocks_are_the_same() -> None:
    found = compared(run(1, noise=0.005, block_noise=0.005), run(2, noise=0.005, block_noise=0.005))
    assert {pair.call for pair in found.pairs if not pair.is_yardstick} == {Call.SAME}


def test_a_yardstick_is_shown_without_a_call() -> None:
    found = compared(run(1), run(2, throughputs=slower(0.2, CONTROL)))
    control = of(found, CONTROL)
    assert (control.is_yardstick, control.call, control.over_control) == (True, None, None)
    assert control.ratio is not None
    assert control.ratio.ratio.value == pytest.approx(0.8, abs=0.02)


def test_an_invalid_number_is_not_compared() -> None:
    broken = builders.altered(run(2), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    found = of(compared(run(1), broken), FLASK)
    assert (found.ratio, found.over_control, found.call) == (None, None, None)
    assert found.because == "Not compared: it is INVALID in B."
    assert found.second.verdict is Verdict.INVALID


def test_a_number_that_is_not_server_bound_is_compared_and_undecided() -> None:
    unsettled = builders.altered(run(1), "recording", FLASK, connections=50)
    found = of(compared(unsettled, run(2, throughputs=slower(0.5, FLASK))), FLASK)
    assert found.first.verdict is not Verdict.SERVER_BOUND
    assert found.ratio is not None
    assert found.ratio.call is Call.SLOWER
    assert (found.call, found.because) == (Call.UNDECIDED, f"It is {found.first.verdict} in A.")


def test_too_few_blocks_are_undecided_however_far_apart() -> None:
    found = of(compared(run(1), run(2, blocks=7, throughputs=slower(0.5, FLASK))), FLASK)
    assert found.call is Call.UNDECIDED
    assert found.ratio is not None
    assert (found.ratio.ratio.low, found.ratio.detectable) == (None, None)


def test_without_control_in_both_runs_nothing_is_said() -> None:
    without = {label: rate for label, rate in THROUGHPUTS.items() if label != CONTROL}
    second = builders.result_set({**without, FLASK: 1000.0}, seed=2, starts=1, rounds=2)
    found = of(compared(run(1), second), FLASK)
    assert (found.call, found.over_control) == (Call.UNDECIDED, None)
    assert "control did not take part in both runs" in found.because


def test_another_control_is_no_control() -> None:
    found = of(compared(run(1), run(2, digests={"app control": "9" * 16}, throughputs=slower(0.5, FLASK))), FLASK)
    assert (found.call, found.over_control) == (Call.UNDECIDED, None)
    assert "control is not the same app in both runs" in found.because


def test_a_doubtful_control_tells_nothing() -> None:
    doubtful = builders.altered(run(2, throughputs=slower(0.5, FLASK)), "recording", CONTROL, connections=50)
    found = of(compared(run(1), doubtful), FLASK)
    assert found.call is Call.UNDECIDED
    assert "in B, so nothing tells a contender from the machine" in found.because


def test_a_contender_that_was_never_measured_is_undecided() -> None:
    nothing = run(2, finished=0)
    found = of(compared(run(1), nothing), FLASK)
    assert (found.ratio, found.call) == (None, Call.UNDECIDED)


def test_cold_starts_are_set_beside_each_other_without_a_call() -> None:
    later = builders.altered(run(2), "start", FLASK, ready_s=0.44)
    found = of(compared(builders.altered(run(1), "start", FLASK, ready_s=0.22), later), FLASK)
    assert found.ready_ratio == pytest.approx(2)
    assert of(compared(run(1), run(2)), NULL).ready_ratio is None
