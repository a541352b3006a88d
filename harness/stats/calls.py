"""Decides what may be said about a ratio: FASTER, SLOWER, SAME or UNDECIDED (METHOD.md 2).

A family is all comparisons of one table. A ratio is FASTER or SLOWER where its p value, corrected by Holm over the
family, is under 0.01. Holm only ever raises p values, and the 99 % interval of a ratio excludes 1 just where its raw
p value is under 0.01: so for one comparison the rule is that interval, and for several it asks for more, never less.
SAME is not corrected: it is said where the printed 95 % interval lies within the margin.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from scipy import optimize, stats

from harness.model import Call, Comparison, Estimate
from harness.stats.estimates import Values, geometric_mean, may_claim, standard_error, t_interval, yuen_interval

MARGIN = 0.03
SIGNIFICANCE = 0.01
POWER = 0.8

Key = TypeVar("Key", bound=Hashable)


def comparisons(reference: str, family: Mapping[str, Values], doubted: Collection[str] = ()) -> dict[str, Comparison]:
    """Each member of a family, given as log ratios to `reference` (one per block), compared with it.

    Without an interval (too few blocks, no spread) a comparison is UNDECIDED; so is one of which a side is `doubted`,
    for a ratio says no more than the worse of its two numbers: these are not of the family that Holm's correction
    counts. Raises ValueError for a value that is not finite, or none at all.
    """
    judged = {} if reference in doubted else {label: logs for label, logs in family.items() if label not in doubted}
    found = calls(judged)
    return {label: _comparison(reference, logs, found.get(label, Call.UNDECIDED)) for label, logs in family.items()}


def calls(family: Mapping[Key, Values]) -> dict[Key, Call]:
    """What may be said about each ratio of a family, given as log ratios (one per block)."""
    raw = {key: _p_value(logs) for key, logs in family.items() if may_claim(logs)}
    corrected = dict(zip(raw, holm(tuple(raw.values())), strict=True))
    return {key: call(geometric_mean(logs), corrected.get(key)) for key, logs in family.items()}


def call(ratio: Estimate, corrected_p: float | None) -> Call:
    """What may be said about one ratio. `corrected_p` None: not tested, so nothing is."""
    if corrected_p is None:
        return Call.UNDECIDED
    if corrected_p < SIGNIFICANCE:
        return Call.FASTER if ratio.value > 1 else Call.SLOWER
    return Call.SAME if is_within_margin(ratio) else Call.UNDECIDED


def is_within_margin(ratio: Estimate) -> bool:
    """Whether the 95 % interval lies within 1 +- 3 %, both ends included."""
    if ratio.low is None or ratio.high is None:
        return False
    return ratio.low >= 1 - MARGIN and ratio.high <= 1 + MARGIN


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Raise p values for their number, in the order given.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return tuple(corrected)


def detectable(logs: Values) -> float:
    """The smallest ratio above 1 that so many blocks, spread so much, would have called FASTER four times in five.

    Solved from the noncentral t distribution (J. Cohen, "Statistical Power Analysis", 2nd ed. 1988, chapter 2), for
    one comparison: in a family a little more is needed. Raises ValueError as `t_interval` does.
    """
    error = standard_error(logs)
    return float(np.exp(detectable_shift(len(logs) - 1) * error))


@lru_cache
def detectable_shift(freedom: float) -> float:
    """The mean, in standard errors, at which a two-sided t test of this freedom has the power asked for."""
    needed = float(stats.t.isf(SIGNIFICANCE / 2, freedom))
    return float(optimize.brentq(lambda shift: stats.nct.sf(needed, freedom, shift) - POWER, 0.0, 10 * needed))


def _comparison(reference: str, logs: Values, called: Call) -> Comparison:
    ratio = geometric_mean(logs)
    claimed = may_claim(logs)
    low99, high99 = np.exp(t_interval(logs, 0.99)) if claimed else (None, None)
    yuen_low, yuen_high = _yuen(logs) if claimed else (None, None)
    return Comparison(
        reference=reference,
        ratio=ratio,
        low99=low99,
        high99=high99,
        yuen_low=yuen_low,
        yuen_high=yuen_high,
        call=called,
        within_margin=called in {Call.FASTER, Call.SLOWER} and is_within_margin(ratio),
        detectable=detectable(logs) if claimed else None,
    )


def _p_value(logs: Values) -> float:
    """Two-sided p of Student's test that the mean log ratio is 0. Raises ValueError as `t_interval` does."""
    distance = abs(np.mean(logs)) / standard_error(logs)
    return float(2 * stats.t.sf(distance, len(logs) - 1))


def _yuen(logs: Values) -> tuple[float | None, float | None]:
    """None where what is left after trimming has no spread."""
    try:
        low, high = np.exp(yuen_interval(logs, 0.95))
    except ValueError:
        return None, None
    return float(low), float(high)
