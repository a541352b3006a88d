"""Decides what may be said about a ratio of two runs, whose blocks share nothing: Welch's test in place of Student's.

The rules for a call are those of `calls`: here only the standard error and its freedom come from two samples.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import stats

from harness.model import Call, Comparison, Estimate
from harness.stats import calls
from harness.stats.estimates import Values, may_claim, standard_error, trimmed_mean
from harness.stats.slices import Throughputs, log_levels

Key = TypeVar("Key", bound=Hashable)


class Samples(NamedTuple):
    """Two samples of logarithms, one value a block; what is asked is `ours` less `theirs`."""

    ours: Values
    theirs: Values


class Difference(NamedTuple):
    """A difference of two means, its standard error, and the freedom with which that error is known."""

    value: float
    error: float
    freedom: float

    @property
    def p_value(self) -> float:
        """Two-sided p of the test that the difference is 0."""
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Where the difference lies with this confidence."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom)) * self.error
        return self.value - half, self.value + half


def difference(samples: Samples) -> Difference:
    """Of the means of two samples whose variances need not be equal.

    B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34 (1947); freedom by F. E. Satterthwaite, Biometrics Bulletin 2 (1946). Raises ValueError for a sample
    of fewer than two values, without spread, or with one that is not finite.
    """
    ours, theirs = (standard_error(sample) ** 2 for sample in samples)
    freedom = (ours + theirs) ** 2 / (ours**2 / (len(samples.ours) - 1) + theirs**2 / (len(samples.theirs) - 1))
    return Difference(_mean_difference(samples), float(np.sqrt(ours + theirs)), freedom)


def between_scenarios(ours: Throughputs, theirs: Throughputs, scenario: str) -> Comparison | None:
    """One contender's throughput in a scenario over its own in another one, called `scenario`; None where one lacks.

    Scenarios of one rotation share the hour, but no launch and no slice, so their blocks are two samples. Pairing them
    by their number would call neighbours what may lie minutes apart; and where the hour does move both alike, Welch's
    interval is too wide rather than too narrow. The ratio is not taken over `control`'s, as that of two occasions is:
    within one rotation the machine is the same for both.
    """
    samples = Samples(*(tuple(log_levels(one).values()) for one in (ours, theirs)))
    return comparisons({scenario: samples}, {scenario: scenario})[scenario] if all(samples) else None


def comparisons(family: Mapping[Key, Samples], references: Mapping[Key, str]) -> dict[Key, Comparison]:
    """Each ratio of a family, ours over that of its reference, with its call by METHOD.md 2 (Holm over the family).

    Without an interval (too few blocks in a sample, no spread) a comparison is UNDECIDED. Raises ValueError for a
    sample without values, or with one that is not finite.
    """
    found = {key: difference(samples) for key, samples in family.items() if all(map(may_claim, samples))}
    corrected = dict(zip(found, calls.holm([one.p_value for one in found.values()]), strict=True))
    return {
        key: _comparison(references[key], samples, found.get(key), corrected.get(key))
        for key, samples in family.items()
    }


def _comparison(reference: str, samples: Samples, found: Difference | None, corrected_p: float | None) -> Comparison:
    ratio = _ratio(samples, found)
    called = calls.call(ratio, corrected_p)
    low99, high99 = np.exp(found.interval(0.99)) if found else (None, None)
    return Comparison(
        reference=reference,
        ratio=ratio,
        low99=low99,
        high99=high99,
        yuen_low=None,
        yuen_high=None,
        call=called,
        within_margin=called in {Call.FASTER, Call.SLOWER} and calls.is_within_margin(ratio),
        detectable=_detectable(found) if found else None,
    )


def _ratio(samples: Samples, found: Difference | None) -> Estimate:
    """Over the blocks of both runs together."""
    low, high = np.exp(found.interval(0.95)) if found else (None, None)
    return Estimate(
        value=float(np.exp(_mean_difference(samples))), low=low, high=high, n=len(samples.ours) + len(samples.theirs)
    )


def _mean_difference(samples: Samples) -> float:
    return trimmed_mean(samples.ours, 0) - trimmed_mean(samples.theirs, 0)


def _detectable(found: Difference) -> float:
    """As `calls.detectable`."""
    return float(np.exp(calls.detectable_shift(found.freedom) * found.error))
