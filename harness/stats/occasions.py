"""Decides what several occasions say together of one ratio: its mean, its spread between them, and where the next lies.

Random effects: the true log ratios of occasions are normal around a mean, and each run measures its own with the error
that its blocks tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from harness.model import Estimate, Pooled

FEWEST = 3
"""Occasions under which nothing is said of the spread between them (METHOD.md 1)."""

Values = NDArray[np.float64]


def pooled(ratios: Sequence[Estimate]) -> Pooled | None:
    """What these ratios, one per occasion, say together; None if fewer than three of them have an interval.

    The mean has Hartung and Knapp's interval (Statistics in Medicine 20, 2001): with the spread of `variance_between`
    their factor is 1, or where that is 0 is not let under 1, so that Student's t with n - 1 degrees of freedom is all
    of it. The interval of another occasion's true ratio has n - 2 (Higgins, Thompson and Spiegelhalter, Journal of the
    Royal Statistical Society A 172, 2009). Raises ValueError for a ratio that is not positive.
    """
    known = [one for one in ratios if one.low is not None]
    if len(known) < FEWEST:
        return None
    logs, variances = np.array([math.log(one.value) for one in known]), np.array([_variance(one) for one in known])
    low, between, high = variance_between(logs, variances)
    mean, error = _weighted(logs, variances + between)
    ahead = _t(len(known) - 2) * math.sqrt(between + error**2)
    ratio = _estimate(mean, _t(len(known) - 1) * error, len(known))
    return Pooled(
        n=len(known),
        ratio=ratio,
        by_precision=_by_precision(logs, variances),
        between=Estimate(value=math.sqrt(between), low=math.sqrt(low), high=math.sqrt(high), n=len(known)),
        no_spread_p=float(stats.chi2.sf(_scatter(logs, variances), len(known) - 1)),
        next_low=math.exp(mean - ahead),
        next_high=math.exp(mean + ahead),
        holding=sum(_holds(one, ratio.value) for one in known),
    )


def variance_between(logs: Values, variances: Values) -> tuple[float, float, float]:
    """The variance between occasions whose logs have these variances of their own: low, value, high, 0 the least.

    The value is Paule and Mandel's (Journal of Research of the National Bureau of Standards 87, 1982): at it the
    weighted scatter is as large as its degrees of freedom. The 95 % interval is where the scatter is no stranger than
    that (the Q-profile; Viechtbauer, Statistics in Medicine 26, 2007).
    """
    freedom = len(logs) - 1
    wanted = (stats.chi2.isf(0.025, freedom), freedom, stats.chi2.ppf(0.025, freedom))
    low, value, high = (_variance_at(logs, variances, float(scatter)) for scatter in wanted)
    return low, value, high


def log_error(ratio: Estimate) -> float | None:
    """The standard error of the log of a geometric mean, as its 95 % interval tells it; None without an interval."""
    if ratio.low is None or ratio.high is None:
        return None
    return math.log(ratio.high / ratio.low) / 2 / _t(ratio.n - 1)


def _variance(ratio: Estimate) -> float:
    """The variance of the log, raised for being estimated from n blocks only.

    A squared error over its estimated variance has the mean of F(1, n - 1), (n - 1) / (n - 3), and not 1: otherwise 12
    blocks would show a spread where there is none.
    """
    error = log_error(ratio)
    assert error is not None
    return error**2 * (ratio.n - 1) / (ratio.n - 3)


def _variance_at(logs: Values, variances: Values, scatter: float) -> float:
    """The variance between occasions at which the weighted scatter is that large; 0 where it never is."""
    if _scatter(logs, variances) <= scatter:
        return 0.0
    most = float(((logs - logs.mean()) ** 2).sum()) / scatter  # there it is smaller already, whatever the weights
    return float(optimize.brentq(lambda between: _scatter(logs, variances + between) - scatter, 0.0, most))


def _scatter(logs: Values, variances: Values) -> float:
    """Cochran's Q: squared distances from the weighted mean, each over its variance."""
    mean, _ = _weighted(logs, variances)
    return float(((logs - mean) ** 2 / variances).sum())


def _weighted(logs: Values, variances: Values) -> tuple[float, float]:
    """The mean weighted by precision, and its standard error."""
    return float(np.average(logs, weights=1 / variances)), float((1 / variances).sum() ** -0.5)


def _by_precision(logs: Values, variances: Values) -> Estimate:
    """As if there were no spread between occasions, so that their errors are all that moves them."""
    mean, error = _weighted(logs, variances)
    return _estimate(mean, float(stats.norm.ppf(0.975)) * error, len(logs))


def _estimate(mean: float, half: float, size: int) -> Estimate:
    return Estimate(value=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half), n=size)


def _holds(ratio: Estimate, value: float) -> bool:
    return ratio.low is not None and ratio.high is not None and ratio.low <= value <= ratio.high


def _t(freedom: int) -> float:
    return float(stats.t.ppf(0.975, freedom))
