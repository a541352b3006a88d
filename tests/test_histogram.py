"""Histograms of durations: no value is lost, quantiles are within 0.1 %, merging loses nothing."""

import random

import numpy as np
import pytest

from harness import histogram
from harness.model import Histogram

_SHARES = (0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0)


def _durations(seed: int, count: int) -> list[float]:
    chooser = random.Random(seed)
    return [chooser.lognormvariate(-6, 2) for _ in range(count)]


def _nearest_rank(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, int(np.ceil(share * len(values))) - 1)]


@pytest.mark.parametrize("count", [1, 2, 10, 5000])
def test_quantiles_are_within_a_thousandth_of_the_true_ones(count: int) -> None:
    values = _durations(count, count)
    found = histogram.quantiles(histogram.of(values), _SHARES)
    assert found == pytest.approx([_nearest_rank(values, share) for share in _SHARES], rel=histogram.RELATIVE_ERROR)


def test_no_value_is_lost_however_short_or_long() -> None:
    values = [0.0, 1e-12, 1e-9, 1e-3, 1.0, 1e6]
    one = histogram.of(values)
    assert sum(one.counts) == len(values)
    assert (one.min_s, one.max_s) == (1e-9, 1e6)


def test_merging_is_as_if_all_had_been_in_one() -> None:
    parts = [_durations(seed, 300 * seed) for seed in range(5)]
    merged = histogram.merged(histogram.of(part) for part in parts)
    whole = histogram.of([value for part in parts for value in part])
    assert merged.model_copy(update={"sum_s": 0.0}) == whole.model_copy(update={"sum_s": 0.0})
    assert merged.sum_s == pytest.approx(whole.sum_s)


def test_quantiles_of_nothing_are_refused() -> None:
    assert histogram.merged([]) == Histogram() == histogram.of([])
    with pytest.raises(ValueError, match="empty"):
        histogram.quantiles(Histogram(), [0.5])


def test_a_histogram_survives_being_written_as_json() -> None:
    one = histogram.of(_durations(7, 100))
    assert Histogram.model_validate_json(one.model_dump_json()) == one


def test_quantiles_are_in_order_and_within_the_extremes() -> None:
    one = histogram.of(_durations(3, 1000))
    found = histogram.quantiles(one, _SHARES)
    assert one.min_s is not None
    assert one.max_s is not None
    ordered = [one.min_s, *found, one.max_s]
    assert ordered == sorted(ordered)
