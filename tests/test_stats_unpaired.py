"""Welch's comparison of two runs agrees with scipy's, covers what it says, and makes nothing of nothing."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.model import Call, Comparison
from harness.stats import calls, unpaired
from harness.stats.unpaired import Samples

LOGS = (0.013, -0.02, 0.11, 0.004, 0.051, -0.037, 0.029, 0.018, -0.009, 0.066, 0.022, -0.2)
OTHERS = (0.41, 0.39, 0.405, 0.38, 0.42, 0.4, 0.395, 0.412)


def compared(ours: object, theirs: object) -> Comparison:
    return unpaired.comparisons({"b": Samples(ours, theirs)}, {"b": "a"})["b"]  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [Samples(LOGS, OTHERS), Samples(OTHERS, LOGS), Samples(LOGS, LOGS[3:])])
def test_the_difference_is_that_of_scipys_welch_test(samples: Samples) -> None:
    reference = stats.ttest_ind(*samples, equal_var=False)
    found = unpaired.difference(samples)
    assert found.p_value == pytest.approx(reference.pvalue, rel=1e-9)
    assert found.freedom == pytest.approx(reference.df, rel=1e-9)
    for confidence in (0.95, 0.99):
        assert found.interval(confidence) == pytest.approx(tuple(reference.confidence_interval(confidence)), rel=1e-9)


def test_a_ratio_of_two_runs_is_that_of_their_geometric_means_over_all_blocks_of_both() -> None:
    found = compared(OTHERS, LOGS)
    low, high = stats.ttest_ind(OTHERS, LOGS, equal_var=False).confidence_interval(0.95)
    assert found.ratio.value == pytest.approx(math.exp(np.mean(OTHERS) - np.mean(LOGS)))
    assert (found.ratio.low, found.ratio.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert (found.reference, found.ratio.n, found.call) == ("a", len(LOGS) + len(OTHERS), Call.FASTER)


def test_swapping_the_runs_swaps_the_call() -> None:
    there, back = compared(OTHERS, LOGS), compared(LOGS, OTHERS)
    assert (there.call, back.call) == (Call.FASTER, Call.SLOWER)
    assert there.ratio.value * back.ratio.value == pytest.approx(1)


def test_a_call_asks_for_more_in_a_family_than_alone() -> None:
    ours = np.asarray(LOGS) - np.mean(LOGS)
    half = unpaired.difference(Samples(ours, ours)).interval(0.99)[1]
    barely, nothing = Samples(ours + half + 1e-6, ours), Samples(ours, ours)
    alone = unpaired.comparisons({"b": barely}, {"b": "a"})["b"]
    in_family = unpaired.comparisons({"b": barely, "c": nothing}, {"b": "a", "c": "a"})["b"]
    assert (alone.call, in_family.call) == (Call.FASTER, Call.UNDECIDED)


@pytest.mark.parametrize("few", [1, 2, 7])
def test_few_blocks_in_either_run_are_undecided_however_far_apart(few: int) -> None:
    for samples in (Samples(OTHERS[:few], LOGS), Samples(LOGS, OTHERS[:few])):
        found = compared(*samples)
        assert (found.call, found.ratio.low, found.low99, found.detectable) == (Call.UNDECIDED, None, None, None)


def test_a_run_without_spread_is_never_significant() -> None:
    assert compared([1.0] * 12, LOGS).call is Call.UNDECIDED
    with pytest.raises(ValueError, match="without spread"):
        unpaired.difference(Samples([1.0] * 12, LOGS))


@pytest.mark.parametrize("broken", [(), (math.nan,) * 12, (*LOGS, math.inf)])
def test_no_values_or_one_that_is_no_number_are_an_error(broken: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"values where|not a finite"):
        compared(broken, LOGS)


def test_the_95_percent_interval_covers_the_truth_though_the_runs_differ_in_spread_and_length() -> None:
    random = np.random.default_rng(31)
    ours, theirs = random.normal(0.3, 0.05, (3000, 8)), random.normal(0, 0.01, (3000, 24))
    intervals = [unpaired.difference(Samples(*pair)).interval(0.95) for pair in zip(ours, theirs, strict=True)]
    assert 0.94 <= np.mean([low <= 0.3 <= high for low, high in intervals]) <= 0.96


def test_equal_variances_assumed_would_cover_too_little() -> None:
    random = np.random.default_rng(31)
    ours, theirs = random.normal(0, 0.05, (3000, 8)), random.normal(0, 0.01, (3000, 24))
    wrong = np.mean(np.asarray(stats.ttest_ind(ours, theirs, axis=1).pvalue) < 0.05)
    assert wrong > 0.1


def test_the_detectable_ratio_of_two_runs_is_found_four_times_in_five() -> None:
    random = np.random.default_rng(7)
    spread = 0.02 * math.sqrt(11 / 12)
    exactly = [spread, -spread] * 6
    shift = math.log(compared(exactly, exactly).detectable or 0)
    ours, theirs = random.normal(shift, 0.02, (2500, 12)), random.normal(0, 0.02, (2500, 12))
    found = np.asarray(stats.ttest_ind(ours, theirs, axis=1, equal_var=False).pvalue) < calls.SIGNIFICANCE
    assert 0.77 <= found.mean() <= 0.83
