"""Says from a ledger how often the program errs: calls of a difference where there is none, and none where there is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Literal, Self, get_args

from harness.ledger import KINDS, Ended, Judged, Kind, Ledger, Trial
from harness.model import Call, Value
from harness.stats import rates

Estimator = Literal["duet", "slices"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)


class Share(Value):
    """`count` of `of` trials, with exact bounds of the rate behind it (95 %); without trials there are none."""

    count: int
    of: int
    low: float | None
    high: float | None

    @classmethod
    def between(cls, count: int, of: int) -> Self:
        """With a two-sided interval."""
        low, high = rates.between(count, of) if of else (None, None)
        return cls(count=count, of=of, low=low, high=high)

    @classmethod
    def at_most(cls, count: int, of: int) -> Self:
        """With a one-sided upper bound: `low` is 0."""
        return cls(count=count, of=of, low=0.0 if of else None, high=rates.at_most(count, of) if of else None)


class Rates(Value):
    """How often one estimator erred in `judged` trials, those in which it made a comparison.

    `called`: how often each call was made; `settled`: of the judged, those that no guard doubts; `half_width`: of the
    95 % interval, the median share. `wrong`: a difference called that is not there, or the wrong way round;
    `wrong_settled`: the same of settled trials only. `found`: called SLOWER, where it is slower. `covered`: 95 %
    intervals that contain 1, and `flipped`: the mean rate of calls with random signs (see `stats.rates.flipped`); both
    where there is no difference. Else None.
    """

    by: Estimator
    judged: int
    settled: int
    called: Mapping[Call, int]
    ratio: float | None
    half_width: float | None
    wrong: Share
    wrong_settled: Share
    found: Share | None
    covered: Share | None
    flipped: float | None


class Tally(Value):
    """What became of the trials of one kind, of one comparison or (`compared` None) of all; rates by estimator."""

    kind: Kind
    compared: str | None
    trials: int
    finished: int
    aborted: int
    failed: int
    seconds: float | None
    rates: tuple[Rates, ...]


class Older(Value):
    """Trials that do not count, for other code measured or planned them."""

    code: str
    trials: int
    finished: int


class Calibration(Value):
    """The error rates of the newest code (see `ledger.code`). `machines`: CPU models by digest of a machine."""

    code: str | None
    machines: Mapping[str, str | None]
    tallies: tuple[Tally, ...]
    older: tuple[Older, ...]
    torn: int


def calibration(ledger: Ledger) -> Calibration:
    """Error rates from a ledger: only trials of the code that made the last one count."""
    code = ledger.trials[-1].code if ledger.trials else None
    ours = [trial for trial in ledger.trials if trial.code == code]
    others = dict.fromkeys(trial.code for trial in ledger.trials if trial.code != code)
    return Calibration(
        code=code,
        machines={trial.started.machine: trial.started.cpu_model for trial in ours},
        tallies=_tallies(ours),
        older=tuple(_older(ledger, one) for one in others),
        torn=ledger.torn,
    )


def _tallies(trials: Sequence[Trial]) -> tuple[Tally, ...]:
    """Kind by kind, comparison by comparison; then, where a kind has several, all of it."""
    found: list[Tally] = []
    for kind in sorted({trial.started.kind for trial in trials}, key=KINDS.index):
        ours = [trial for trial in trials if trial.started.kind == kind]
        compared = sorted({trial.compared for trial in ours})
        found += [_tally(kind, one, [trial for trial in ours if trial.compared == one]) for one in compared]
        found += [_tally(kind, None, ours)] if len(compared) > 1 else []
    return tuple(found)


def _tally(kind: Kind, compared: str | None, trials: Sequence[Trial]) -> Tally:
    how = Counter(trial.how for trial in trials)
    ended = [trial.ended for trial in trials if trial.ended and trial.ended.how == "finished"]
    return Tally(
        kind=kind,
        compared=compared,
        trials=len(trials),
        finished=how["finished"],
        aborted=how["aborted"],
        failed=how["failed"],
        seconds=fmean(one.seconds for one in ended) if ended else None,
        rates=tuple(_rates(kind, by, ended) for by in ESTIMATORS),
    )


def _rates(kind: Kind, by: Estimator, ended: Sequence[Ended]) -> Rates:
    judged = [found for one in ended if (found := one.duet if by == "duet" else one.slices)]
    settled = [one for one in judged if one.settled]
    called = Counter(one.call for one in judged)
    same = kind == "same"
    return Rates(
        by=by,
        judged=len(judged),
        settled=len(settled),
        called={call: called[call] for call in Call},
        ratio=median(one.ratio.value for one in judged) if judged else None,
        half_width=_half_width(judged),
        wrong=_wrong(kind, judged),
        wrong_settled=_wrong(kind, settled),
        found=None if same else Share.between(called[Call.SLOWER], len(judged)),
        covered=_covered(judged) if same else None,
        flipped=_flipped(judged) if same else None,
    )


def _wrong(kind: Kind, judged: Sequence[Judged]) -> Share:
    wrong = {Call.FASTER, Call.SLOWER} if kind == "same" else {Call.FASTER}
    return Share.at_most(sum(one.call in wrong for one in judged), len(judged))


def _bounds(judged: Sequence[Judged]) -> list[tuple[float, float]]:
    return [
        (one.ratio.low, one.ratio.high) for one in judged if one.ratio.low is not None and one.ratio.high is not None
    ]


def _half_width(judged: Sequence[Judged]) -> float | None:
    bounds = _bounds(judged)
    return median(math.sqrt(high / low) - 1 for low, high in bounds) if bounds else None


def _covered(judged: Sequence[Judged]) -> Share:
    bounds = _bounds(judged)
    return Share.between(sum(low <= 1 <= high for low, high in bounds), len(bounds))


def _flipped(judged: Sequence[Judged]) -> float | None:
    shares = [share for one in judged if (share := rates.flipped(one.logs)) is not None]
    return fmean(shares) if shares else None


def _older(ledger: Ledger, code: str) -> Older:
    trials = [trial for trial in ledger.trials if trial.code == code]
    finished = sum(trial.how == "finished" for trial in trials)
    return Older(code=code, trials=len(trials), finished=finished)
