"""Says how noisy and how dear the slices and duets of earlier runs were, and so how the next run is best cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from harness import costs
from harness.errors import InputError
from harness.model import Plan, ResultSet, Value
from harness.stats import components, designs, duets
from harness.stats.components import Noise
from harness.stats.designs import Costs, Design
from harness.stats.estimates import trimmed_mean
from harness.stats.slices import paired, throughputs

PLAN: Mapping[str, Any] = {"blocks": 8, "rounds": 10, "starts": 0, "duets": 3}
"""What a run that is only a pilot does."""
EXPECTED = 0.019
"""The half-width to expect of three contenders and a control (METHOD.md 2)."""

_FEWEST = 4  # blocks: with four the true half-widths may be 3.7 times those told here, with three 6.3 times
_MAY_DIFFER = {"lineup", "blocks", "starts", "seed", "samples", "quick"}


class Spread(Value):
    """How one ratio spreads, as standard deviations of its logarithm; `contender` and `ratio` None: all together.

    `window_sd`: between the windows of a block. `within_sd`: what they leave in the value of a block of the pilot.
    `between_sd`: what the block itself adds. `half_width`: to expect of it, as a share, in the wanted design.
    """

    contender: str | None
    ratio: float | None
    window_sd: float
    within_sd: float
    between_sd: float
    half_width: float


class Cut(Value):
    """What earlier runs say about windows of one kind: a window is a round, of slices or of duets.

    `in_time` is None where no time was given. A design costs what its launches, warm-ups and windows do.
    """

    costs: Costs
    spreads: tuple[Spread, ...]
    together: Spread
    piloted: Design
    wanted: Design
    in_time: Design | None


class Pilot(Value):
    """What earlier runs say about the next one. A round of slices holds one of every contender and yardstick.

    `slice_s`: seconds of a slice of each, its drain included. The true half-widths may lie between `known_low` and
    `known_high` times those given here (95 %). `duets` is None where the runs have too few in a block to differ.
    """

    runs: tuple[str, ...]
    reference: str
    slice_s: Mapping[str, float]
    known_low: float
    known_high: float
    slices: Cut
    duets: Cut | None


@dataclass(frozen=True)
class _Kind:
    """A kind of window: its log ratios of a contender to the reference, by block, and how few a block may have."""

    name: str
    logs: Callable[[ResultSet, str], Mapping[int, Sequence[float]]]
    windows: Callable[[Plan], int]
    fewest: int


def pilot(runs: Sequence[ResultSet], half_width: float = EXPECTED, seconds: float | None = None) -> Pilot:
    """The cheapest design for a half-width (a share), and the best in so many seconds, of slices and of duets.

    Raises InputError for runs of different things, for too few blocks, and where no design does what is wanted.
    """
    _refuse_unlike(runs)
    spent, plan = costs.of(runs), runs[0].head.plan
    by_duet = spent.duets
    known_low, known_high = components.known_within(_blocks(runs) - len(runs))
    return Pilot(
        runs=tuple(run.head.name for run in runs),
        reference=plan.reference,
        slice_s=costs.slice_s(runs),
        known_low=known_low,
        known_high=known_high,
        slices=_cut(runs, _SLICES, spent.slices, half_width, seconds),
        duets=_cut(runs, _DUETS, by_duet, half_width, seconds) if by_duet and plan.duets >= _DUETS.fewest else None,
    )


def _cut(runs: Sequence[ResultSet], kind: _Kind, spent: Costs, half_width: float, seconds: float | None) -> Cut:
    noises = {label: _noise(runs, label, kind) for label in _compared(runs[0])}
    together, windows = components.pooled(list(noises.values())), kind.windows(runs[0].head.plan)
    wanted = designs.cheapest(together, spent, half_width, kind.fewest)
    return Cut(
        costs=spent,
        spreads=tuple(
            _spread(noise, windows, wanted, label, _ratio(runs, label, kind)) for label, noise in noises.items()
        ),
        together=_spread(together, windows, wanted),
        piloted=designs.design(together, spent, _blocks(runs), windows),
        wanted=wanted,
        in_time=None if seconds is None else designs.best(together, spent, seconds, kind.fewest),
    )


def _blocks(runs: Sequence[ResultSet]) -> int:
    return sum(len(run.blocks) for run in runs)


def _refuse_unlike(runs: Sequence[ResultSet]) -> None:
    """Raise InputError unless the slices of all these runs are of one kind."""
    first, *others = (_kind(run.head.plan) for run in runs)
    differing = sorted({key for other in others for key in first if other[key] != first[key]})
    if differing:
        raise InputError(
            f"these runs were not planned alike: {', '.join(differing)}", "Take each of them for a pilot of its own."
        )


def _kind(plan: Plan) -> dict[str, Any]:
    return plan.model_dump(exclude=_MAY_DIFFER)


def _compared(run: ResultSet) -> list[str]:
    """All contenders but the reference; of a run that compares nothing else, what it compares with `null` left out."""
    others = [member for member in run.head.members if member.label != run.head.plan.reference]
    contenders = [member.label for member in others if not member.is_yardstick]
    compared = contenders or [member.label for member in others if member.role != "null"]
    if not compared:
        raise InputError(f'"{run.head.name}" compares nothing', "A pilot is about ratios: it needs two contenders.")
    return compared


def _noise(runs: Sequence[ResultSet], label: str, kind: _Kind) -> Noise:
    """Of a ratio, from all runs. What differs between the runs is left out: a design is of one run."""
    seen = [[logs for logs in kind.logs(run, label).values() if len(logs) > 1] for run in runs]
    if any(len(blocks) < _FEWEST for blocks in seen):
        fewest = min(map(len, seen))
        raise InputError(
            f'"{label}" over "{runs[0].head.plan.reference}" has {fewest} blocks with two {kind.name}, '
            f"and a pilot needs {_FEWEST}",
            "Measure one: ./bench pilot",
        )
    try:
        return components.pooled([components.noise(blocks) for blocks in seen])
    except ValueError as error:
        raise InputError(f'nothing can be learned from "{label}": {error}', "Measure a pilot: ./bench pilot") from error


def _of_slices(run: ResultSet, label: str) -> dict[int, list[float]]:
    found = throughputs(run)
    return paired(found[label], found[run.head.plan.reference])


def _of_duets(run: ResultSet, label: str) -> dict[int, list[float]]:
    return duets.by_block([duet for duet in run.duets if duet.contender == label])


_SLICES = _Kind("pairs of slices", _of_slices, lambda plan: plan.rounds, designs.FEWEST_SLICES)
_DUETS = _Kind("duets", _of_duets, lambda plan: plan.duets, designs.FEWEST_DUETS)


def _ratio(runs: Sequence[ResultSet], label: str, kind: _Kind) -> float:
    """The geometric mean over the blocks of all runs, as in the report of one."""
    logs = [trimmed_mean(logs) for run in runs for logs in kind.logs(run, label).values() if logs]
    return float(np.exp(fmean(logs)))


def _spread(
    noise: Noise, windows: int, wanted: Design, contender: str | None = None, ratio: float | None = None
) -> Spread:
    return Spread(
        contender=contender,
        ratio=ratio,
        window_sd=float(np.sqrt(noise.window)),
        within_sd=float(np.sqrt(noise.within(windows))),
        between_sd=float(np.sqrt(noise.between)),
        half_width=designs.half_width(noise, wanted.blocks, wanted.windows),
    )
