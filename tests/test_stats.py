"""Statistics agree with independent references, cover what they say, and never make something of nothing."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness.model import Call, ErrorCause, Estimate, Failure, TurnOutcome
from harness.stats import calls, estimates, slices
from tests.builders import FASTAPI, FLASK, altered, recording, result_set

ZERO = r"math domain error|positive input"  # as Python says it before and from 3.14 on
LOGS = (0.013, -0.02, 0.11, 0.004, 0.051, -0.037, 0.029, 0.018, -0.009, 0.066, 0.022, -0.2)


# Estimates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4, 5, 8, 9, 12])
def test_the_trimmed_mean_is_scipys(size: int) -> None:
    assert estimates.trimmed_mean(LOGS[:size]) == pytest.approx(stats.trim_mean(LOGS[:size], 0.2), rel=1e-12)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_students_interval_is_scipys(confidence: float) -> None:
    reference = stats.ttest_1samp(LOGS, 0).confidence_interval(confidence)
    assert estimates.t_interval(LOGS, confidence) == pytest.approx((reference.low, reference.high), rel=1e-9)


def test_yuens_interval_has_the_middle_and_the_error_of_scipys_yuen_test() -> None:
    low, high = estimates.yuen_interval(LOGS, 0.95)
    mirrored = stats.ttest_ind(LOGS, [-one for one in LOGS], trim=0.2, equal_var=False)
    middle, kept = stats.trim_mean(LOGS, 0.2), 8
    error = math.sqrt(2) * middle / mirrored.statistic
    assert (low + high) / 2 == pytest.approx(middle)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, kept - 1) * error)


def test_a_trend_is_the_least_squares_line_over_the_whole_run() -> None:
    places = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    (slope, _), covariance = np.polyfit(places, LOGS, 1, cov=True)
    half = stats.t.ppf(0.975, 10) * math.sqrt(covariance[0, 0])
    expected = 13 * (slope - half), 13 * (slope + half)
    assert estimates.trend_interval(places, LOGS, 0.95) == pytest.approx(expected)


def test_a_geometric_mean_is_given_with_its_interval() -> None:
    found = estimates.geometric_mean([math.log(1000) + one for one in LOGS])
    low, high = estimates.t_interval(LOGS, 0.95)
    assert found.value == pytest.approx(1000 * math.exp(sum(LOGS) / 12))
    assert (found.low, found.high) == pytest.approx((1000 * math.exp(low), 1000 * math.exp(high)))
    assert found.n == 12


@pytest.mark.parametrize(("size", "claimed"), [(1, None), (2, None), (7, None), (8, 8)])
def test_an_interval_is_claimed_from_eight_blocks_on(size: int, claimed: int | None) -> None:
    assert (estimates.geometric_mean(LOGS[:size]).low is None) == (claimed is None)


@pytest.mark.parametrize(("size", "rank"), [(6, 1), (9, 2), (20, 6), (25, 8), (50, 18)])
def test_the_medians_interval_ends_at_the_tabulated_ranks(size: int, rank: int) -> None:
    found = estimates.median(list(range(size, 0, -1)))
    assert (found.low, found.high) == (rank, size + 1 - rank)
    assert found.value == (size + 1) / 2


def test_the_medians_interval_covers_without_normality() -> None:
    values = np.random.default_rng(3).lognormal(0, 1, (2000, 20))
    found = [estimates.median(row) for row in values]
    covered = [one.low is not None and one.high is not None and one.low <= 1 <= one.high for one in found]
    assert 0.945 <= np.mean(covered) <= 0.975


def test_five_starts_allow_no_interval() -> None:
    assert estimates.median([5, 1, 2, 4, 3]) == Estimate(value=3, low=None, high=None, n=5)


# Nothing is made of nothing ------------------------------------------------------------------------------------------

WANTS: dict[str, tuple[Callable[[Sequence[float]], object], int]] = {
    "trimmed mean": (estimates.trimmed_mean, 1),
    "geometric mean": (estimates.geometric_mean, 1),
    "median": (estimates.median, 1),
    "t interval": (lambda values: estimates.t_interval(values, 0.95), 2),
    "Yuen's interval": (lambda values: estimates.yuen_interval(values, 0.95), 2),
    "trend": (lambda values: estimates.trend_interval(range(len(values)), values, 0.95), 3),
    "detectable": (calls.detectable, 2),
}


@pytest.mark.parametrize("name", WANTS)
def test_too_few_values_are_an_error(name: str) -> None:
    estimate, fewest = WANTS[name]
    with pytest.raises(ValueError, match="are needed"):
        estimate(LOGS[: fewest - 1])


@pytest.mark.parametrize("name", WANTS)
@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
def test_one_value_that_is_no_number_is_an_error(name: str, poison: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        WANTS[name][0]([*LOGS, poison])


@pytest.mark.parametrize("name", ["t interval", "Yuen's interval", "trend"])
def test_values_without_spread_allow_no_interval(name: str) -> None:
    with pytest.raises(ValueError, match="without spread"):
        WANTS[name][0]([0.1 + 0.2, 0.3] * 6)


def test_ratios_without_spread_are_never_significant() -> None:
    found = calls.comparisons("a", {"b": [0.7] * 12})["b"]
    assert found.call is Call.UNDECIDED
    assert (found.ratio.low, found.low99, found.yuen_low, found.detectable) == (None, None, None, None)


def test_a_family_with_a_value_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        calls.comparisons("a", {"b": LOGS, "c": [*LOGS, math.nan]})


def test_few_blocks_are_undecided_however_far_apart() -> None:
    found = calls.comparisons("a", {"b": [1 + one for one in LOGS[:7]]})["b"]
    assert (found.call, found.ratio.n, found.ratio.high) == (Call.UNDECIDED, 7, None)
    assert found.ratio.value > 2


def test_a_throughput_of_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match=ZERO):
        slices.log_levels({0: {1: 0.0}})
    with pytest.raises(ValueError, match=ZERO):
        slices.log_ratios({0: {1: 5.0}}, {0: {1: 0.0}})


# Calls ---------------------------------------------------------------------------------------------------------------


def _ratio(low: float, high: float) -> Estimate:
    return Estimate(value=math.sqrt(low * high), low=low, high=high, n=12)


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (1.05, 1.15, 0.009_999, Call.FASTER),
        (0.85, 0.95, 0.009_999, Call.SLOWER),
        (1.05, 1.15, 0.01, Call.UNDECIDED),
        (0.97, 1.03, 0.5, Call.SAME),
        (0.969_99, 1.03, 0.5, Call.UNDECIDED),
        (0.97, 1.030_01, 0.5, Call.UNDECIDED),
        (1.01, 1.02, 0.009_999, Call.FASTER),
        (0.98, 0.99, 0.009_999, Call.SLOWER),
        (1.01, 1.02, 0.01, Call.SAME),
        (0.99, 1.01, None, Call.UNDECIDED),
    ],
)
def test_a_call_changes_just_at_its_boundary(low: float, high: float, p: float | None, expected: Call) -> None:
    assert calls.call(_ratio(low, high), p) is expected


@pytest.mark.parametrize(("nudge", "expected"), [(1e-6, Call.FASTER), (-1e-6, Call.UNDECIDED)])
def test_one_comparison_is_faster_just_when_its_99_percent_interval_excludes_one(nudge: float, expected: Call) -> None:
    centred = np.asarray(LOGS) - np.mean(LOGS)
    half = estimates.t_interval(centred, 0.99)[1]
    found = calls.comparisons("a", {"b": centred + half + nudge})["b"]
    assert found.call is expected
    assert ((found.low99 or 0) > 1) == (expected is Call.FASTER)


def test_a_family_asks_for_more_than_the_99_percent_interval() -> None:
    centred = np.asarray(LOGS) - np.mean(LOGS)
    barely = centred + estimates.t_interval(centred, 0.99)[1] + 1e-6
    found = calls.comparisons("a", {"b": barely, "c": centred})
    assert (found["b"].low99 or 0) > 1
    assert found["b"].call is Call.UNDECIDED


def test_nothing_is_said_of_a_ratio_of_which_a_side_is_doubted() -> None:
    family = {"b": [0.5 + one for one in LOGS], "c": [0.6 + one for one in LOGS]}
    sure = calls.comparisons("a", family)
    doubted = calls.comparisons("a", family, {"b"})
    assert (doubted["b"].call, doubted["c"].call) == (Call.UNDECIDED, Call.FASTER)
    assert doubted["b"].ratio == sure["b"].ratio
    assert {one.call for one in calls.comparisons("a", family, {"a"}).values()} == {Call.UNDECIDED}


def test_a_small_but_certain_difference_is_faster_within_the_margin() -> None:
    found = calls.comparisons("a", {"b": [0.015 + one / 50 for one in LOGS]})["b"]
    assert (found.call, found.within_margin) == (Call.FASTER, True)


def test_only_faster_and_slower_are_said_to_be_within_the_margin() -> None:
    found = calls.comparisons("a", {"b": [one / 50 for one in LOGS]})["b"]
    assert (found.call, found.within_margin) == (Call.SAME, False)


def test_swapping_the_arms_swaps_the_call() -> None:
    logs = [0.5 + one for one in LOGS]
    assert calls.calls({"there": logs, "back": [-one for one in logs]}) == {"there": Call.FASTER, "back": Call.SLOWER}


def test_holm_raises_p_values_as_in_the_textbook() -> None:
    assert calls.holm((0.01, 0.04, 0.03, 0.005)) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert calls.holm((0.6, 0.5)) == (1.0, 1.0)
    assert calls.holm((0.009,)) == (0.009,)
    assert calls.holm(()) == ()


def test_a_family_of_equals_is_rarely_called_different() -> None:
    random = np.random.default_rng(11)
    wrong = sum(
        any(call in {Call.FASTER, Call.SLOWER} for call in calls.calls(dict(enumerate(family))).values())
        for family in random.normal(0, 0.02, (1500, 4, 12))
    )
    assert 2 <= wrong <= 30  # 15 expected of 1500 at 1 %; 58 without correction


def test_the_detectable_ratio_is_found_four_times_in_five() -> None:
    random = np.random.default_rng(5)
    noise = random.normal(0, 0.02, (2500, 12))
    exactly_spread = [0.02 * math.sqrt(11 / 12), -0.02 * math.sqrt(11 / 12)] * 6
    shift = math.log(calls.detectable(exactly_spread))
    found = np.asarray(stats.ttest_1samp(noise + shift, 0, axis=1).pvalue) < 0.01
    assert 0.77 <= found.mean() <= 0.83


def test_more_blocks_detect_less() -> None:
    assert calls.detectable(LOGS * 2) < calls.detectable(LOGS)


# Slices --------------------------------------------------------------------------------------------------------------


def _turn(**changes: Any) -> TurnOutcome:
    fields: dict[str, Any] = {
        "block": 0,
        "attempt": 0,
        "contender": "a",
        "round": 1,
        "recording": recording("a", 1, 1000.0),
    }
    return TurnOutcome(**fields | changes)


def test_a_turn_with_any_wrong_answer_has_no_throughput() -> None:
    assert slices.is_clean(_turn())
    assert slices.is_clean(_turn(recording=recording("a", 1, 1000.0, errors={ErrorCause.BODY: 0})))
    assert not slices.is_clean(_turn(recording=recording("a", 1, 1000.0, errors={ErrorCause.BODY: 1})))


def test_a_failed_or_empty_turn_has_no_throughput() -> None:
    assert not slices.is_clean(_turn(recording=None))
    assert not slices.is_clean(_turn(failure=Failure(stage="slice", message="gone")))
    assert not slices.is_clean(_turn(recording=recording("a", 1, 1000.0, counted=0, counted_s=0.0)))


def test_the_warm_up_is_not_measured() -> None:
    found = slices.throughputs(result_set(blocks=1, rounds=3))
    assert sorted(found[FASTAPI][0]) == [1, 2, 3]


def test_slices_are_paired_by_round_and_a_missing_arm_drops_its_pair() -> None:
    ours = {0: {1: 200.0, 2: 900.0, 3: 400.0}, 1: {1: 1.0}}
    theirs = {0: {1: 100.0, 3: 200.0, 4: 7.0}, 2: {1: 1.0}}
    assert slices.log_ratios(ours, theirs) == {0: pytest.approx(math.log(2))}


def test_a_contender_that_failed_everywhere_is_there_without_slices() -> None:
    run = altered(result_set(blocks=2), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    assert slices.throughputs(run)[FLASK] == {}


# Coverage: the whole way from slices to the interval -----------------------------------------------------------------

TRUE_RATIO, RUNS, BLOCKS, ROUNDS = 1.7, 400, 12, 8


def _simulated(random: np.random.Generator, rounds: int = ROUNDS) -> list[dict[int, dict[int, float]]]:
    """Two contenders' throughputs: blocks have levels of their own, rounds flicker in common, slices are skewed."""
    shape = (2, BLOCKS, rounds)
    weather = random.normal(0, 0.12, (1, BLOCKS, 1)) + random.normal(0, 0.04, (1, BLOCKS, rounds))
    launch = random.normal(0, 0.01, (2, BLOCKS, 1))
    skew = -0.03 * random.exponential(1, shape)
    flicker = -0.4 * (random.random(shape) < 0.03)
    level = np.log([TRUE_RATIO, 1.0])[:, None, None] + math.log(2000)
    arms = np.exp(level + weather + launch + skew + flicker)
    return [{block: dict(enumerate(row, 1)) for block, row in enumerate(arm.tolist())} for arm in arms]


def _covered(interval: tuple[float, float]) -> bool:
    return interval[0] <= math.log(TRUE_RATIO) <= interval[1]


def test_the_95_percent_interval_covers_the_truth_95_times_in_100() -> None:
    random = np.random.default_rng(20)
    runs = [list(slices.log_ratios(*_simulated(random)).values()) for _ in range(RUNS)]
    covered = np.mean([_covered(estimates.t_interval(logs, 0.95)) for logs in runs])
    assert 0.92 <= covered <= 0.98
    assert np.mean([_covered(estimates.yuen_interval(logs, 0.95)) for logs in runs]) >= 0.92
    assert np.mean([_covered(estimates.t_interval(logs, 0.99)) for logs in runs]) >= 0.975


def test_counting_slices_instead_of_blocks_would_cover_too_little() -> None:
    random = np.random.default_rng(21)
    arms = [_simulated(random, rounds=32) for _ in range(RUNS)]
    pooled = [[math.log(ours[b][r] / theirs[b][r]) for b in ours for r in ours[b]] for ours, theirs in arms]
    assert np.mean([_covered(estimates.t_interval(logs, 0.95)) for logs in pooled]) < 0.9


def test_duplicated_slices_do_not_narrow_what_blocks_allow() -> None:
    ours, theirs = _simulated(np.random.default_rng(22), rounds=5)
    twice = [
        {block: arm[block] | {number + 5: one for number, one in arm[block].items()} for block in arm}
        for arm in (ours, theirs)
    ]
    once_logs, twice_logs = slices.log_ratios(ours, theirs), slices.log_ratios(*twice)
    assert list(twice_logs.values()) == pytest.approx(list(once_logs.values()))
    once, again = (estimates.t_interval(list(logs.values()), 0.95) for logs in (once_logs, twice_logs))
    assert again == pytest.approx(once)
