"""Decides what number stands for several, and between which bounds. Logarithms of throughput go in where it says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.model import Estimate

TRIM = 0.2
FEWEST = 8
"""Blocks under which no interval is claimed (METHOD.md 1)."""
_SPREADLESS = 1e-9  # of a logarithm: no clock resolves it, so values closer than this were not measured

Values = Sequence[float] | NDArray[np.float64]


def trimmed_mean(values: Values, trim: float = TRIM) -> float:
    """The mean without the lowest and the highest `trim` of the values, each share rounded down (Tukey 1962).

    Raises ValueError for no values, or one that is not finite.
    """
    ordered = np.sort(_finite(values, fewest=1))
    cut = _cut(ordered.size, trim)
    return float(ordered[cut : ordered.size - cut].mean())


def t_interval(values: Values, confidence: float) -> tuple[float, float]:
    """Student's interval for the mean, n - 1 degrees of freedom (Student 1908).

    Raises ValueError for fewer than two values, one that is not finite, or values without spread.
    """
    half = standard_error(values) * _t(confidence, len(values) - 1)
    middle = float(np.mean(values))
    return middle - half, middle + half


def standard_error(values: Values) -> float:
    """The standard error of the mean. Raises ValueError as `t_interval` does."""
    found = _spread(_finite(values, fewest=2))
    return float(found.std(ddof=1) / np.sqrt(found.size))


def yuen_interval(values: Values, confidence: float, trim: float = TRIM) -> tuple[float, float]:
    """The interval for the trimmed mean from the winsorised variance, h - 1 degrees of freedom for the h values kept.

    K. K. Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61 (1974), for one sample.
    Raises ValueError as `t_interval` does.
    """
    kept = len(values) - 2 * _cut(len(values), trim)
    half = _t(confidence, kept - 1) * float(np.sqrt(trimmed_variance(values, trim)))
    middle = trimmed_mean(values, trim)
    return middle - half, middle + half


def trimmed_variance(values: Values, trim: float = TRIM) -> float:
    """The variance of the trimmed mean, from the winsorised variance (Yuen 1974, as above).

    Raises ValueError as `t_interval` does.
    """
    ordered = np.sort(_finite(values, fewest=2))
    cut = _cut(ordered.size, trim)
    kept = ordered.size - 2 * cut
    winsorised = _spread(np.clip(ordered, ordered[cut], ordered[-1 - cut]))
    return float((ordered.size - 1) * winsorised.var(ddof=1) / (kept * (kept - 1)))


def trend_interval(positions: Values, values: Values, confidence: float) -> tuple[float, float]:
    """By how much `values` change between the first and the last position: least squares, n - 2 degrees of freedom.

    Raises ValueError for fewer than three values, one that is not finite, or values without spread.
    """
    places, found = _finite(positions, fewest=3), _spread(_finite(values, fewest=3))
    line = stats.linregress(places, found)
    half = _t(confidence, found.size - 2) * line.stderr
    return float(np.ptp(places) * (line.slope - half)), float(np.ptp(places) * (line.slope + half))


def may_claim(logs: Values) -> bool:
    """Whether an interval may be claimed for the mean of these logarithms: enough values, and not all alike."""
    return len(logs) >= FEWEST and float(np.ptp(_finite(logs, fewest=1))) > _SPREADLESS


def geometric_mean(logs: Values) -> Estimate:
    """The geometric mean of values whose natural logarithms are given, with its 95 % interval if one may be claimed.

    Raises ValueError for no values, or one that is not finite.
    """
    middle = float(np.exp(_finite(logs, fewest=1).mean()))
    if not may_claim(logs):
        return Estimate(value=middle, low=None, high=None, n=len(logs))
    low, high = np.exp(t_interval(logs, 0.95))
    return Estimate(value=middle, low=float(low), high=float(high), n=len(logs))


def median(values: Values, confidence: float = 0.95) -> Estimate:
    """The median, with the narrowest pair of symmetric order statistics that covers it at least so often.

    Free of any distribution: below the median lie binomially many of n values (David and Nagaraja, "Order Statistics",
    3rd ed. 2003, section 7.1). No interval under 6 values at 95 %. Raises ValueError for none, or one not finite.
    """
    ordered = np.sort(_finite(values, fewest=1))
    rank = int(stats.binom.ppf((1 - confidence) / 2, ordered.size, 0.5))
    middle = float(np.median(ordered))
    if rank < 1:
        return Estimate(value=middle, low=None, high=None, n=ordered.size)
    return Estimate(value=middle, low=float(ordered[rank - 1]), high=float(ordered[-rank]), n=ordered.size)


def _finite(values: Values, fewest: int) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=float)
    if found.size < fewest:
        raise ValueError(f"{found.size} values where at least {fewest} are needed")
    if not np.isfinite(found).all():
        raise ValueError("a value is not a finite number")
    return found


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, unless they are all alike: an interval of no width would call anything significant."""
    if np.ptp(values) <= _SPREADLESS:
        raise ValueError("values without spread allow no interval")
    return values


def _cut(size: int, trim: float) -> int:
    return int(trim * size)


def _t(confidence: float, freedom: int) -> float:
    return float(stats.t.ppf((1 + confidence) / 2, freedom))
