"""Decides what counts of trials say about a rate, and how often the rule of `calls` speaks on noise of random signs."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.stats.calls import SIGNIFICANCE
from harness.stats.estimates import Values, may_claim

_DRAWS = 10_000
_SEED = 1934


def at_most(count: int, of: int, confidence: float = 0.95) -> float:
    """The rate that `count` of `of` trials do not allow to be exceeded, one-sided and exact.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26 (1934). Raises ValueError for counts that cannot be.
    """
    return float(stats.binomtest(count, of, alternative="less").proportion_ci(confidence, method="exact").high)


def between(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided exact interval of the same paper. Raises ValueError for counts that cannot be."""
    found = stats.binomtest(count, of).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def flipped(logs: Values) -> float | None:
    """The share of all ways to choose the signs of these log ratios in which they are called FASTER or SLOWER.

    Of one app against itself each sign is as likely as the other, so this is the rule's rate of false calls on noise of
    this shape: the one-sample randomisation test (R. A. Fisher, "The Design of Experiments", 1935, section 21) turned
    upon Student's test. All 2^n ways where they are at most 10,000, else so many at random, the same each time. None
    where no interval may be claimed.
    """
    if not may_claim(logs):
        return None
    values = np.abs(np.asarray(logs, dtype=float))
    flips = _signs(values.size) * values
    errors = flips.std(axis=1, ddof=1) / np.sqrt(values.size)
    limit = stats.t.isf(SIGNIFICANCE / 2, values.size - 1)
    return float(np.mean(np.abs(flips.mean(axis=1)) > limit * errors))


def _signs(size: int) -> NDArray[np.int64]:
    if 2**size <= _DRAWS:
        return np.array(list(product((-1, 1), repeat=size)))
    return np.random.default_rng(_SEED).choice((-1, 1), (_DRAWS, size))
