"""Says from a ledger how often the program errs: calls of a difference where there is none, and none where there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Self

from harness.ledger import KINDS, Ended, Kind, Ledger, Trial
from harness.model import Call, Value, Verdict
from harness.stats import rates


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


class Tally(Value):
    """What became of the trials of one kind, of one comparison or (`compared` None) of all.

    `called`: how often each call was made; `settled`: of the finished, those with both numbers SERVER-BOUND. `wrong`:
    a difference called that is not there, or the wrong way round; `wrong_settled`: the same of settled trials only.
    `found`: called SLOWER, where it is slower. `covered`: 95 % intervals that contain 1, and `flipped`: the mean rate
    of calls with random signs (see `stats.rates.flipped`); both where there is no difference. Else None.
    """

    kind: Kind
    compared: str | None
    trials: int
    finished: int
    aborted: int
    failed: int
    settled: int
    called: Mapping[Call, int]
    ratio: float | None
    seconds: float | None
    wrong: Share
    wrong_settled: Share
    found: Share | None
    covered: Share | None
    flipped: float | None


class Older(Value):
    """Trials that do not count, for other code measured them."""

    measuring: str
    trials: int
    finished: int


class Calibration(Value):
    """The error rates of the newest code that measures. `machines`: CPU models by digest of a machine."""

    measuring: str | None
    machines: Mapping[str, str | None]
    tallies: tuple[Tally, ...]
    older: tuple[Older, ...]
    torn: int


def calibration(ledger: Ledger) -> Calibration:
    """Error rates from a ledger: only trials of the code that measured the last one count."""
    measuring = ledger.trials[-1].measuring if ledger.trials else None
    ours = [trial for trial in ledger.trials if trial.measuring == measuring]
    others = dict.fromkeys(trial.measuring for trial in ledger.trials if trial.measuring != measuring)
    return Calibration(
        measuring=measuring,
        machines={trial.started.machine: trial.started.cpu_model for trial in ours},
        tallies=_tallies(ours),
        older=tuple(_older(ledger, digest) for digest in others),
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
    settled = [one for one in ended if set(one.verdicts.values()) == {Verdict.SERVER_BOUND}]
    called = Counter(one.call for one in ended if one.call)
    same = kind == "same"
    return Tally(
        kind=kind,
        compared=compared,
        trials=len(trials),
        finished=how["finished"],
        aborted=how["aborted"],
        failed=how["failed"],
        settled=len(settled),
        called={call: called[call] for call in Call},
        ratio=median(one.ratio.value for one in ended if one.ratio) if ended else None,
        seconds=fmean(one.seconds for one in ended) if ended else None,
        wrong=_wrong(kind, ended),
        wrong_settled=_wrong(kind, settled),
        found=None if same else Share.between(called[Call.SLOWER], len(ended)),
        covered=_covered(ended) if same else None,
        flipped=_flipped(ended) if same else None,
    )


def _wrong(kind: Kind, ended: Sequence[Ended]) -> Share:
    wrong = {Call.FASTER, Call.SLOWER} if kind == "same" else {Call.FASTER}
    return Share.at_most(sum(one.call in wrong for one in ended), len(ended))


def _covered(ended: Sequence[Ended]) -> Share:
    claimed = [(one.ratio.low, one.ratio.high) for one in ended if one.ratio]
    bounds = [(low, high) for low, high in claimed if low is not None and high is not None]
    return Share.between(sum(low <= 1 <= high for low, high in bounds), len(bounds))


def _flipped(ended: Sequence[Ended]) -> float | None:
    shares = [share for one in ended if (share := rates.flipped(one.logs)) is not None]
    return fmean(shares) if shares else None


def _older(ledger: Ledger, measuring: str) -> Older:
    trials = [trial for trial in ledger.trials if trial.measuring == measuring]
    finished = sum(trial.how == "finished" for trial in trials)
    return Older(measuring=measuring, trials=len(trials), finished=finished)
