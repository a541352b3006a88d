"""Histograms of durations: no value is lost, quantiles are within 0.1 %, merging loses nothing."""

import json
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


@pytest.mark.parametrize("count", [1, 2, 100, 5000])
def test_a_histogram_survives_being_written_as_json(count: int) -> None:
    one = histogram.of(_durations(7, count))
    assert Histogram.model_validate_json(one.model_dump_json()) == one


def test_empty_buckets_in_a_row_are_written_as_their_number() -> None:
    one = Histogram(first=4, counts=(3, 0, 1, 0, 0, 0, 2, 2, 0, 0, 1))
    assert '"counts":[3,0,1,-3,2,2,-2,1]' in one.model_dump_json()
    assert one.model_dump()["counts"] == one.counts


def test_a_histogram_that_was_written_out_is_read_as_well() -> None:
    written = {"first": 4, "counts": [3, 0, 1, 0, 0, 0, 2], "sum_s": 1.0, "min_s": 0.1, "max_s": 0.2}
    collapsed = {**written, "counts": [3, 0, 1, -3, 2]}
    one, other = (Histogram.model_validate_json(json.dumps(each)) for each in (written, collapsed))
    assert one == other
    assert one.counts == (3, 0, 1, 0, 0, 0, 2)


def test_quantiles_are_in_order_and_within_the_extremes() -> None:
    one = histogram.of(_durations(3, 1000))
    found = histogram.quantiles(one, _SHARES)
    assert one.min_s is not None
    assert one.max_s is not None
    ordered = [one.min_s, *found, one.max_s]
    assert ordered == sorted(ordered)
