"""What trials of a design say: each compared a contender with itself, so what it found is its error. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from scipy import stats

from harness.model import Value


class Trial(Value):
    """A design's log ratio of a contender to itself, with its 95 % interval if it has one; `n` visits or blocks."""

    contender: str
    design: str
    repetition: int
    at: float
    wall_s: float
    n: int
    log_ratio: float
    low: float | None
    high: float | None


class Line(Value):
    """What a design's trials say: the root mean square of their log ratios, and over the customary design's."""

    contender: str
    design: str
    trials: int
    wall_s: float
    rms: float
    rms_low: float
    rms_high: float
    over_customary: float | None
    over_low: float | None
    over_high: float | None
    intervals: int
    covering: int


class Comparison(Value):
    """The whole file. Trials made by another machine, code or length of visit cannot be added."""

    format: Literal[1] = 1
    command: str
    commit: Mapping[str, str | bool | None]
    digests: Mapping[str, str]
    machine: Mapping[str, Any]
    visit_s: float
    visits: int
    trials: tuple[Trial, ...] = ()
    lines: tuple[Line, ...] = ()


def lines(trials: Sequence[Trial]) -> tuple[Line, ...]:
    """One line for each contender and design, in the order in which they were first tried."""
    found: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        found.setdefault((trial.contender, trial.design), []).append(trial)
    return tuple(_line(group, found.get((contender, "customary"), [])) for (contender, _), group in found.items())


def table(found: Sequence[Line]) -> str:
    """The lines as text, errors in per cent."""
    heads = f"{'contender':<18}{'design':<11}{'trials':>7}{'wall s':>8}  {'RMS of the A/A log ratio':<26}"
    rows = [f"{heads}{'over customary':<22}95 % intervals that hold 1"]
    for one in found:
        error = f"{one.rms:.2%} ({one.rms_low:.2%} to {one.rms_high:.2%})"
        ratio = f"{one.over_customary:.2f} ({one.over_low:.2f} to {one.over_high:.2f})" if one.over_customary else "1"
        rows.append(
            f"{one.contender:<18}{one.design:<11}{one.trials:>7}{one.wall_s:>8.0f}  {error:<26}{ratio:<22}"
            f"{one.covering} of {one.intervals}"
        )
    return "\n".join(rows)


def rms(logs: Sequence[float]) -> tuple[float, float, float]:
    """The root mean square of errors around a known 0, with its 95 % interval: chi-square with n degrees of freedom."""
    value = math.sqrt(statistics.fmean(log**2 for log in logs))
    low, high = (value * math.sqrt(len(logs) / stats.chi2.ppf(q, len(logs))) for q in (0.975, 0.025))
    return value, low, high


def over(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Our root mean square over theirs, with its 95 % interval: F with as many degrees of freedom as trials.

    Raises ZeroDivisionError where all of theirs are 0.
    """
    value = rms(ours)[0] / rms(theirs)[0]
    low, high = (value / math.sqrt(stats.f.ppf(q, len(ours), len(theirs))) for q in (0.975, 0.025))
    return value, low, high


def _line(trials: Sequence[Trial], customary: Sequence[Trial]) -> Line:
    logs = [trial.log_ratio for trial in trials]
    value, low, high = rms(logs)
    others = [one.log_ratio for one in customary if one not in trials]
    ratio = over(logs, others) if others else (None, None, None)
    intervals = [(one.low, one.high) for one in trials if one.low is not None and one.high is not None]
    return Line(
        contender=trials[0].contender,
        design=trials[0].design,
        trials=len(trials),
        wall_s=statistics.fmean(trial.wall_s for trial in trials),
        rms=value,
        rms_low=low,
        rms_high=high,
        over_customary=ratio[0],
        over_low=ratio[1],
        over_high=ratio[2],
        intervals=len(intervals),
        covering=sum(low <= 0 <= high for low, high in intervals),
    )
