"""How well each design of a measurement sees that a server is as fast as itself, at equal wall time.

One contender stands under two labels, so the true log ratio is 0, and what a design finds is its error. Stopped with
Ctrl-C and called again, it goes on with the trials that are missing.
"""

from __future__ import annotations

import argparse
import math
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.trials import Comparison, Trial, lines, table
from harness import block, prepare, provenance
from harness.block import Field
from harness.catalog import ROOT
from harness.cli import steps
from harness.hosts.base import Host
from harness.hosts.local import LocalHost
from harness.model import BlockOutcome, BlockPlan, DuetOutcome, IdleOutcome, ResultSet, RunHead, Turn, TurnOutcome
from harness.prepare import Asked, Entry
from harness.stats import duets, estimates, slices

CONTENDERS = ("flask@gthread", "fastapi@uvicorn")
LABELS = ("one", "two")
VISITS = 5
_LAUNCH_S = 0.6  # as in prepare.seconds
_MOST_BLOCKS = 1000
_DUETS = 8  # of a block: with them it lasts about as long as one of slices
_Outcome = TurnOutcome | DuetOutcome | IdleOutcome | BlockOutcome


@dataclass(frozen=True)
class Setting:
    """Two labels of one contender, and the wall time that a design may take with them, launches included."""

    head: RunHead
    field: Field
    visit_s: float

    @property
    def wall_s(self) -> float:
        """What the customary design takes: for each label a launch, a warm-up, and its visits."""
        return len(LABELS) * (_LAUNCH_S + self.field.plan.warm_s + VISITS * self.visit_s)


class Found(NamedTuple):
    """What a design says: a log ratio, its 95 % interval if it has one, and how many visits or blocks it is made of."""

    log_ratio: float
    low: float | None
    high: float | None
    n: int


# Designs -------------------------------------------------------------------------------------------------------------


def customary(setting: Setting) -> Found:
    """As is the custom: each launched once, five long visits each by turns; all answers over the nominal time.

    The interval is Welch's, over visits.
    """
    plan = setting.field.plan.model_copy(
        update={"rounds": VISITS, "slice_min_s": setting.visit_s, "slice_max_s": setting.visit_s}
    )
    turns = tuple(Turn(contender=label, round=number) for number in range(VISITS + 1) for label in LABELS)
    planned = BlockPlan(index=0, launches=LABELS, turns=turns)
    outcomes = _played(replace(setting.field, plan=plan), planned)
    one, two = (_visits(outcomes, label) for label in LABELS)
    low, high = stats.ttest_ind(np.log(one), np.log(two), equal_var=False).confidence_interval(0.95)
    log_ratio, half = math.log(statistics.fmean(one) / statistics.fmean(two)), float(high - low) / 2
    return Found(log_ratio, log_ratio - half, log_ratio + half, VISITS)


def blocks(setting: Setting) -> Found:
    """As a run does it: slices in blocks, launched afresh, for as many blocks as end within the time."""
    outcomes = _within(setting, setting.head.schedule)
    found = slices.throughputs(ResultSet(head=setting.head, outcomes=tuple(outcomes)))
    return _over_blocks(slices.log_ratios(*(found[label] for label in LABELS)))


def duet(setting: Setting) -> Found:
    """Both under load at the same time, in as many freshly launched blocks as end within the time."""
    one, two = LABELS
    warm = tuple(Turn(contender=label, round=0) for label in LABELS)
    duets_ = tuple(Turn(contender=one, beside=two, round=number) for number in range(1, _DUETS + 1))
    planned = (BlockPlan(index=index, launches=LABELS, turns=warm + duets_) for index in range(_MOST_BLOCKS))
    outcomes = _within(setting, planned)
    return _over_blocks(duets.log_ratios([outcome for outcome in outcomes if isinstance(outcome, DuetOutcome)]))


DESIGNS: Mapping[str, Callable[[Setting], Found]] = {"customary": customary, "blocks": blocks, "duet": duet}


def _within(setting: Setting, plans: Iterable[BlockPlan]) -> list[_Outcome]:
    """The outcomes of as many blocks as end within the time; of one at least."""
    outcomes: list[_Outcome] = []
    started = block_started = time.monotonic()
    longest_s = 0.0
    for planned in plans:
        outcomes += _played(setting.field, planned)
        ended = time.monotonic()
        longest_s, block_started = max(longest_s, ended - block_started), ended
        if ended - started + longest_s > setting.wall_s:
            break
    return outcomes


def _over_blocks(ratios: Mapping[int, float]) -> Found:
    logs = tuple(ratios.values())
    low, high = estimates.t_interval(logs, 0.95) if estimates.may_claim(logs) else (None, None)
    return Found(statistics.fmean(logs), low, high, len(logs))


def _played(field: Field, planned: BlockPlan) -> list[_Outcome]:
    """A block, whole and clean: a trial that lacks a turn would compare something else."""
    outcomes = list(block.play(field, planned, 1))
    if sum(map(_is_clean, outcomes)) < len(planned.turns):
        sys.exit(f"a turn failed, so this trial is not kept: {'; '.join(_failures(outcomes)) or 'wrong answers'}")
    return outcomes


def _is_clean(outcome: _Outcome) -> bool:
    if isinstance(outcome, DuetOutcome):
        return duets.is_clean(outcome)
    return isinstance(outcome, TurnOutcome) and slices.is_clean(outcome)


def _failures(outcomes: Sequence[_Outcome]) -> Iterator[str]:
    for one in outcomes:
        failed = one.servers.values() if isinstance(one, BlockOutcome) else [one]
        yield from (part.failure.message for part in failed if part.failure)


def _visits(outcomes: Sequence[_Outcome], label: str) -> list[float]:
    """Answers per second of each visit, first turnovers and all."""
    turns = [one for one in outcomes if isinstance(one, TurnOutcome) and one.contender == label and one.round]
    return [turn.recording.answered / turn.recording.duration_s for turn in turns if turn.recording]


# The comparison ------------------------------------------------------------------------------------------------------


def main() -> None:
    """Make the trials that are missing, one after the other, and print what they say."""
    options = _options()
    entries = {one: _entry(one) for one in options.contenders}
    with LocalHost(exclusive=True) as host, tempfile.TemporaryDirectory() as folder:
        steps.make_environments(host, [app for entry in entries.values() for app in entry.apps])
        kept = _opened(options, entries, host)
        for contender, design, repetition in missing(kept.trials, options.contenders, options.repetitions):
            setting = _setting(entries[contender], host, Path(folder), options.seconds, repetition)
            trial = _trial(contender, design, repetition, setting)
            kept = kept.model_copy(update={"trials": (*kept.trials, trial)})
            _write(options.out, kept.model_copy(update={"lines": lines(kept.trials)}))
            print(f"{repetition + 1}: {contender}, {design}: {trial.log_ratio:+.2%}", flush=True)
    print(table(lines(kept.trials)))


def missing(trials: Sequence[Trial], contenders: Sequence[str], repetitions: int) -> Iterator[tuple[str, str, int]]:
    """Contender, design and number of the trials to make, interleaved: every repetition begins with another design."""
    had = {(trial.contender, trial.design, trial.repetition) for trial in trials}
    names = list(DESIGNS)
    for repetition in range(repetitions):
        first = repetition % len(names)
        for contender in contenders:
            wanted = ((contender, design, repetition) for design in (*names[first:], *names[:first]))
            yield from (one for one in wanted if one not in had)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--contenders", nargs="+", default=CONTENDERS, help="each is compared with itself")
    parser.add_argument("--repetitions", type=int, default=12, help="trials of each contender and design, in all")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of a customary visit; all else follows")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "designs.json", help="where trials are kept")
    return parser.parse_args()


def _entry(contender: str) -> Entry:
    """The contender under two labels, and no yardsticks: they would take wall time from one design alone."""
    entry = prepare.enter(Asked(contenders=[f"{label}={contender}" for label in LABELS]))
    return replace(
        entry, contenders=entry.contenders[: len(LABELS)], specifications=entry.specifications[: len(LABELS)]
    )


def _opened(options: argparse.Namespace, entries: Mapping[str, Entry], host: Host) -> Comparison:
    """What the file holds, if it can be gone on with; else an empty comparison."""
    apps = {app.name: app for entry in entries.values() for app in entry.apps}
    now = Comparison(
        command=shlex.join(["python", "-m", "benchmarks.designs", *sys.argv[1:]]),
        commit=provenance.commit(ROOT),
        digests=provenance.digests(ROOT, apps.values(), ["json"]),
        machine=host.fingerprint()["identity"],
        visit_s=options.seconds,
        visits=VISITS,
    )
    if not options.out.exists():
        return now
    kept = Comparison.model_validate_json(options.out.read_bytes())
    differing = [key for key in ("digests", "machine", "visit_s", "visits") if getattr(kept, key) != getattr(now, key)]
    if differing:
        sys.exit(f"{options.out} was made with another {' and '.join(differing)}: name another file with --out")
    return kept


def _setting(entry: Entry, host: Host, folder: Path, visit_s: float, seed: int) -> Setting:
    plan = prepare.plan(entry, Asked(plan={"blocks": _MOST_BLOCKS, "seed": seed}), host.placement)
    head = prepare.head(entry, plan, host, "designs", time.time())
    return Setting(head, prepare.field_of(entry, plan, host, folder / "logs"), visit_s)


def _trial(contender: str, design: str, repetition: int, setting: Setting) -> Trial:
    started = time.monotonic()
    found = DESIGNS[design](setting)
    wall_s = time.monotonic() - started
    named = {"contender": contender, "design": design, "repetition": repetition, "at": setting.head.created_at}
    return Trial.model_validate({**named, "wall_s": wall_s, **found._asdict()})


def _write(path: Path, kept: Comparison) -> None:
    """Whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; what was measured is kept, and the same command goes on")
