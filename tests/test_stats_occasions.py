"""What occasions say together agrees with the textbook, and finds the spread that was put in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.model import Estimate
from harness.stats import estimates, occasions

# log risk ratios of thirteen trials of a vaccine and their variances (Colditz et al., JAMA 271, 1994), of which the R
# package metafor gives the heterogeneity: Q 152.2, Paule and Mandel's variance 0.3181, Q-profile 0.1197 to 1.1115.
TRIALS = np.array(
    [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
)
VARIANCES = np.array(
    [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
)
T_2, T_1 = 4.302653, 12.706205  # Student's 97.5 % quantiles


def ratio(log: float, variance: float, blocks: int = 12) -> Estimate:
    """A ratio whose log has this variance, raised for the number of blocks as `pooled` raises it."""
    error = math.sqrt(variance * (blocks - 3) / (blocks - 1))
    half = float(stats.t.ppf(0.975, blocks - 1)) * error
    return Estimate(value=math.exp(log), low=math.exp(log - half), high=math.exp(log + half), n=blocks)


def test_the_spread_between_the_vaccines_trials_is_the_published_one() -> None:
    low, value, high = occasions.variance_between(TRIALS, VARIANCES)
    assert (low, value, high) == pytest.approx((0.1197, 0.3181, 1.1115), abs=1e-4)


def test_three_occasions_of_equal_precision_are_pooled_as_by_hand() -> None:
    found = occasions.pooled([ratio(log, 0.0025) for log in (0.0, 0.1, 0.2)])
    assert found
    assert math.log(found.ratio.value) == pytest.approx(0.1)
    assert found.between.value**2 == pytest.approx(0.01 - 0.0025)  # what the sample variance is above their own
    assert math.log(found.ratio.high or 0) == pytest.approx(0.1 + T_2 * math.sqrt(0.01 / 3), rel=1e-5)
    assert math.log(found.next_high) == pytest.approx(0.1 + T_1 * math.sqrt(0.0075 + 0.01 / 3), rel=1e-5)
    assert math.log(found.by_precision.high or 0) == pytest.approx(0.1 + 1.959964 * math.sqrt(0.0025 / 3), rel=1e-5)
    assert found.no_spread_p == pytest.approx(math.exp(-4))  # Q = 0.02 / 0.0025 with two degrees of freedom
    assert found.holding == 1  # the intervals of the others end 0.0995 from their middles: 2.201 x 0.05 x sqrt(9 / 11)


def test_a_more_precise_occasion_counts_for_more_the_less_they_differ() -> None:
    precise, vague = ratio(0.0, 0.0001), ratio(0.1, 0.01)
    found = occasions.pooled([precise, vague, vague])
    assert found
    assert math.log(found.by_precision.value) == pytest.approx(0.2 * 100 / (10_000 + 200))
    assert found.by_precision.value <= found.ratio.value < math.exp(0.2 / 3)


def test_occasions_that_agree_better_than_their_intervals_have_no_spread() -> None:
    found = occasions.pooled([ratio(0.1, 0.01), ratio(0.11, 0.01), ratio(0.09, 0.01)])
    assert found
    assert (found.between.value, found.between.low, found.holding) == (0, 0, 3)
    assert found.ratio.value == pytest.approx(found.by_precision.value)
    assert found.no_spread_p > 0.9


def test_under_three_occasions_with_an_interval_nothing_is_said() -> None:
    without = Estimate(value=1.0, low=None, high=None, n=2)
    assert occasions.pooled([]) is None
    assert occasions.pooled([ratio(0.1, 0.01), ratio(0.2, 0.01), without]) is None


def test_the_order_of_occasions_does_not_matter() -> None:
    ratios = [ratio(log, variance) for log, variance in ((0.0, 0.001), (0.1, 0.002), (0.3, 0.004), (0.05, 0.001))]
    there, back = occasions.pooled(ratios), occasions.pooled(ratios[::-1])
    assert there
    assert back
    assert there.ratio.value == pytest.approx(back.ratio.value)
    assert there.between.value == pytest.approx(back.between.value)


def test_the_error_of_a_ratio_is_read_from_its_interval() -> None:
    logs = np.random.default_rng(1).normal(0.3, 0.02, 12)
    assert occasions.log_error(estimates.geometric_mean(logs)) == pytest.approx(estimates.standard_error(logs))
    assert occasions.log_error(estimates.geometric_mean(logs[:3])) is None


# The whole way from blocks to the spread between occasions -----------------------------------------------------------

BLOCK_SD, BLOCKS, TRUE = 0.02, 12, 0.3


def simulated(random: np.random.Generator, between: float, size: int) -> tuple[list[Estimate], float]:
    """The ratios of so many occasions, each from its blocks, and the true log ratio of one more."""
    true = random.normal(TRUE, between, size + 1)
    return [estimates.geometric_mean(random.normal(one, BLOCK_SD, BLOCKS)) for one in true[:size]], float(true[size])


@pytest.mark.parametrize("between", [0.01, 0.03])
def test_the_spread_that_was_put_in_is_found(between: float) -> None:
    found = occasions.pooled(simulated(np.random.default_rng(3), between, 400)[0])
    assert found
    assert found.between.value == pytest.approx(between, rel=0.12)
    assert (found.between.low or 0) < between < (found.between.high or 0)
    assert found.no_spread_p < 0.01


def test_a_spread_is_seldom_found_where_there_is_none() -> None:
    random = np.random.default_rng(4)
    found = [occasions.pooled(simulated(random, 0.0, 6)[0]) for _ in range(150)]
    assert 0 < np.mean([one.no_spread_p < 0.05 for one in found if one]) <= 0.1


def test_the_intervals_over_occasions_cover_95_times_in_100() -> None:
    random = np.random.default_rng(5)
    mean = spread = ahead = 0
    for _ in range(250):
        ratios, following = simulated(random, 0.02, 6)
        found = occasions.pooled(ratios)
        assert found
        mean += (found.ratio.low or 0) <= math.exp(TRUE) <= (found.ratio.high or 0)
        spread += (found.between.low or 0) <= 0.02 <= (found.between.high or 0)
        ahead += found.next_low <= math.exp(following) <= found.next_high
    assert all(0.92 <= covered / 250 <= 0.98 for covered in (mean, spread, ahead)), (mean, spread, ahead)


def test_precision_alone_would_cover_too_little_where_occasions_differ() -> None:
    random = np.random.default_rng(6)
    found = [occasions.pooled(simulated(random, 0.02, 6)[0]) for _ in range(150)]
    held = [(one.by_precision.low or 0) <= math.exp(TRUE) <= (one.by_precision.high or 0) for one in found if one]
    assert np.mean(held) < 0.6
