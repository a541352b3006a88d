"""Mergeable histograms of durations with a bounded relative error.

Buckets have constant relative width: bucket i holds (gamma^(i-1), gamma^i] with gamma = (1 + a) / (1 - a), so that its
middle is within a of every value in it (Masson, Rim and Lee, "DDSketch", VLDB 2019). No value is ever dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from harness.model import Histogram

RELATIVE_ERROR = 0.001
_LOG_GAMMA = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
_SHORTEST_S = 1e-9


def of(durations_s: ArrayLike) -> Histogram:
    """The histogram of durations in seconds; those under a nanosecond count as one."""
    values = np.maximum(np.asarray(durations_s, dtype=float), _SHORTEST_S)
    if values.size == 0:
        return Histogram()
    indices = np.ceil(np.log(values) / _LOG_GAMMA).astype(np.int64)
    first = int(indices.min())
    return Histogram(
        first=first,
        counts=tuple(np.bincount(indices - first).tolist()),
        sum_s=float(values.sum()),
        min_s=float(values.min()),
        max_s=float(values.max()),
    )


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """One histogram of all durations in several."""
    filled = [one for one in histograms if one.counts]
    if not filled:
        return Histogram()
    first = min(one.first for one in filled)
    counts = np.zeros(max(one.first + len(one.counts) for one in filled) - first, dtype=np.int64)
    for one in filled:
        counts[one.first - first :][: len(one.counts)] += one.counts
    return Histogram(
        first=first,
        counts=tuple(counts.tolist()),
        sum_s=math.fsum(one.sum_s for one in filled),
        min_s=min(one.min_s for one in filled if one.min_s is not None),
        max_s=max(one.max_s for one in filled if one.max_s is not None),
    )


def quantiles(histogram: Histogram, shares: Sequence[float]) -> tuple[float, ...]:
    """The durations in seconds below which these shares (0 to 1) of the values lie, nearest rank; error at most 0.1 %.

    Raises ValueError for an empty histogram.
    """
    total = sum(histogram.counts)
    if not total or histogram.min_s is None or histogram.max_s is None:
        raise ValueError("an empty histogram has no quantiles")
    below = np.cumsum(histogram.counts)
    places = np.searchsorted(below, [max(1, math.ceil(share * total)) for share in shares])
    middles = np.exp((places + histogram.first) * _LOG_GAMMA) * (1 - RELATIVE_ERROR)
    return tuple(float(min(max(value, histogram.min_s), histogram.max_s)) for value in middles)
