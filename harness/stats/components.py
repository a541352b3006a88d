"""Decides how much of the noise of a ratio comes from its windows, and how much from the blocks that they stand in.

The model is one-way with random effects: a window's log ratio is the mean, plus its block's effect, plus its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.stats.estimates import Values, trimmed_mean, trimmed_variance


@dataclass(frozen=True)
class Noise:
    """Variance components of a log ratio.

    `window`: between windows of a block. `trimmed`: what a window adds to the trimmed mean of many, times their number.
    `moment`: what they leave for the blocks of the variance of block values, which may come out below 0; `freedom`:
    its degrees of freedom.
    """

    window: float
    trimmed: float
    moment: float
    freedom: int

    @property
    def between(self) -> float:
        """The variance between blocks, beyond what their windows explain. Never negative."""
        return max(0.0, self.moment)

    def within(self, windows: int) -> float:
        """The variance of the 20 % trimmed mean of so many windows of one block, which do not depend on each other.

        As if the share that is trimmed were the same of any number: that is right to a tenth (tests/test_pilot.py).
        """
        return self.trimmed / windows

    def block(self, windows: int) -> float:
        """The variance of the value of a block of so many windows."""
        return self.between + self.within(windows)


def noise(blocks: Sequence[Values]) -> Noise:
    """The variance components of windows, block by block, by the method of moments.

    What is left of the variance of block values after that of their windows: for means it is (MSB - MSW) / windows, see
    S. R. Searle, G. Casella and C. E. McCulloch, "Variance Components" (1992), chapter 3; here for trimmed means.
    Raises ValueError for fewer than two blocks, a block of fewer than two windows or without spread, and for a window
    that is not finite.
    """
    if len(blocks) < 2:  # noqa: PLR2004  # one block does not vary
        raise ValueError(f"{len(blocks)} blocks where at least 2 are needed")
    within = [trimmed_variance(block) for block in blocks]
    values = [trimmed_mean(block) for block in blocks]
    return Noise(
        window=float(np.mean([np.var(block, ddof=1) for block in blocks])),
        trimmed=float(np.mean([variance * len(block) for variance, block in zip(within, blocks, strict=True)])),
        moment=float(np.var(values, ddof=1) - np.mean(within)),
        freedom=len(blocks) - 1,
    )


def pooled(several: Sequence[Noise]) -> Noise:
    """The mean of several, each counting by its degrees of freedom. Raises ValueError for none."""
    freedom = sum(one.freedom for one in several)
    if not freedom:
        raise ValueError("there is no noise to pool")

    def mean(values: Sequence[float]) -> float:
        return float(np.average(values, weights=[one.freedom for one in several]))

    return Noise(
        window=mean([one.window for one in several]),
        trimmed=mean([one.trimmed for one in several]),
        moment=mean([one.moment for one in several]),
        freedom=freedom,
    )


def known_within(freedom: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between how many times a standard deviation as seen the true one lies, so often, at these degrees of freedom.

    For normal values: (n - 1) s^2 / sigma^2 has the chi-square distribution (F. R. Helmert 1876).
    """
    tail = (1 - confidence) / 2
    few, many = stats.chi2.ppf(tail, freedom), stats.chi2.isf(tail, freedom)
    return float(np.sqrt(freedom / many)), float(np.sqrt(freedom / few))
