"""Decides how much of the noise of a ratio comes from its windows, and how much from the blocks that they stand in.

The model is one-way with random effects: a window's log ratio is the mean, plus its block's effect, plus its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.stats.estimates import TRIM, Values, trimmed_mean


@dataclass(frozen=True)
class Noise:
    """Variance components of a log ratio.

    `residuals`: windows less their block's mean, scaled so that their mean square is the variance within a block.
    `moment`: what is left for the blocks of the variance of block values, which may come out below 0. `freedom`: its
    degrees of freedom.
    """

    residuals: NDArray[np.float64]
    moment: float
    freedom: int

    @property
    def window(self) -> float:
        """The variance between windows of one block (MSW of the analysis of variance)."""
        return float(np.mean(self.residuals**2))

    @property
    def between(self) -> float:
        """The variance between blocks, beyond what their windows explain. Never negative."""
        return max(0.0, self.moment)

    def within(self, windows: int) -> float:
        """The variance of the 20 % trimmed mean of so many windows of one block.

        Their winsorised variance over (1 - 2g)^2 times their number, g being the share that is cut at either end: J. W.
        Tukey and D. H. McLaughlin, Sankhya A 25 (1963). For windows that do not depend on each other.
        """
        share = int(TRIM * windows) / windows
        ordered = np.sort(self.residuals)
        cut = int(share * ordered.size)
        winsorised = np.clip(ordered, ordered[cut], ordered[-1 - cut])
        return float(winsorised.var() / ((1 - 2 * share) ** 2 * windows))

    def block(self, windows: int) -> float:
        """The variance of the value of a block of so many windows."""
        return self.between + self.within(windows)


def noise(blocks: Sequence[Values]) -> Noise:
    """The variance components of windows, block by block, by the method of moments.

    What is left of the variance of block values after that of their windows: for means it is (MSB - MSW) / windows, see
    S. R. Searle, G. Casella and C. E. McCulloch, "Variance Components" (1992), chapter 3; here for trimmed means.
    Raises ValueError for fewer than two blocks, a block of fewer than two windows, one that is not finite, or windows
    without spread.
    """
    found = [np.asarray(block, dtype=float) for block in blocks]
    if len(found) < 2:  # noqa: PLR2004  # one block does not vary
        raise ValueError(f"{len(found)} blocks where at least 2 are needed")
    values = [trimmed_mean(block) for block in found]
    residuals = np.concatenate([_residuals(block) for block in found])
    if np.ptp(residuals) <= _SPREADLESS:
        raise ValueError("windows without spread have no variance to share out")
    ours = Noise(residuals=residuals, moment=0.0, freedom=len(found) - 1)
    explained = float(np.mean([ours.within(block.size) for block in found]))
    return Noise(residuals=residuals, moment=float(np.var(values, ddof=1)) - explained, freedom=ours.freedom)


def pooled(several: Sequence[Noise]) -> Noise:
    """Of several: every window counts alike, and what is left for the blocks counts by its degrees of freedom."""
    freedoms = [one.freedom for one in several]
    return Noise(
        residuals=np.concatenate([one.residuals for one in several]),
        moment=float(np.average([one.moment for one in several], weights=freedoms)),
        freedom=sum(freedoms),
    )


def known_within(freedom: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between how many times a standard deviation as seen the true one lies, so often, at these degrees of freedom.

    For normal values: (n - 1) s^2 / sigma^2 has the chi-square distribution (F. R. Helmert 1876).
    """
    tail = (1 - confidence) / 2
    few, many = stats.chi2.ppf(tail, freedom), stats.chi2.isf(tail, freedom)
    return float(np.sqrt(freedom / many)), float(np.sqrt(freedom / few))


_SPREADLESS = 1e-9  # of a logarithm, as in `estimates`


def _residuals(block: NDArray[np.float64]) -> NDArray[np.float64]:
    if block.size < 2:  # noqa: PLR2004  # one window does not vary
        raise ValueError(f"a block of {block.size} windows where at least 2 are needed")
    scaled: NDArray[np.float64] = (block - block.mean()) * np.sqrt(block.size / (block.size - 1))
    return scaled
