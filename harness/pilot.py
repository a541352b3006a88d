"""Says how noisy and how dear the blocks and slices of earlier runs were, and so how the next run is best cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from harness.errors import InputError
from harness.model import Plan, Recording, ResultSet, Value
from harness.stats import components, designs
from harness.stats.components import Noise
from harness.stats.designs import Costs, Design
from harness.stats.estimates import trimmed_mean
from harness.stats.slices import paired, throughputs

PLAN: Mapping[str, Any] = {"blocks": 8, "rounds": 10, "starts": 0}
"""What a run that is only a pilot does."""
EXPECTED = 0.019
"""The half-width to expect of three contenders and a control (METHOD.md 2)."""

_FEWEST = 4  # blocks: with four the true half-widths may be 3.7 times those told here, with three 6.3 times
_MAY_DIFFER = {"lineup", "blocks", "starts", "seed", "samples", "quick"}


class Spread(Value):
    """How one ratio spreads, as standard deviations of its logarithm; `contender` and `ratio` None: all together.

    `window_sd`: between the slices of a block. `within_sd`: what they leave in the value of a block of the pilot.
    `between_sd`: what the block itself adds. `half_width`: to expect of it, as a share, in the wanted design.
    """

    contender: str | None
    ratio: float | None
    window_sd: float
    within_sd: float
    between_sd: float
    half_width: float


class Pilot(Value):
    """What earlier runs say about the next one. A window is a round: a slice of every contender and yardstick.

    `slice_s`: seconds of a slice of each, its drain included. The true half-widths may lie between `known_low` and
    `known_high` times those given here (95 %). `in_time` is None where no time was given.
    """

    runs: tuple[str, ...]
    reference: str
    costs: Costs
    slice_s: Mapping[str, float]
    spreads: tuple[Spread, ...]
    together: Spread
    known_low: float
    known_high: float
    piloted: Design
    wanted: Design
    in_time: Design | None


def pilot(runs: Sequence[ResultSet], half_width: float = EXPECTED, seconds: float | None = None) -> Pilot:
    """The cheapest design for a half-width (a share), and the best in so many seconds.

    Raises InputError for runs of different things, for too few blocks, and where no design does what is wanted.
    """
    _refuse_unlike(runs)
    rounds, blocks = runs[0].head.plan.rounds, sum(len(run.blocks) for run in runs)
    noises = {label: _noise(runs, label) for label in _compared(runs[0])}
    together, spent = components.pooled(list(noises.values())), costs(runs)
    wanted = designs.cheapest(together, spent, half_width)
    known_low, known_high = components.known_within(blocks - len(runs))
    return Pilot(
        runs=tuple(run.head.name for run in runs),
        reference=runs[0].head.plan.reference,
        costs=spent,
        slice_s=_slice_s(runs),
        spreads=tuple(_spread(noise, rounds, wanted, label, _ratio(runs, label)) for label, noise in noises.items()),
        together=_spread(together, rounds, wanted),
        known_low=known_low,
        known_high=known_high,
        piloted=designs.design(together, spent, blocks, rounds),
        wanted=wanted,
        in_time=None if seconds is None else designs.best(together, spent, seconds),
    )


def costs(runs: Sequence[ResultSet]) -> Costs:
    """What a block and a round cost on average, by the times of finished blocks. Raises InputError."""
    spans = [span for run in runs for span in _spans(run)]
    rest_s, round_s = (fmean(parts) for parts in zip(*spans, strict=True)) if spans else (0.0, 0.0)
    if min(rest_s, round_s) <= 0:
        raise InputError(
            "what blocks and slices cost cannot be told from the times in these runs", "Measure a new one."
        )
    return Costs(restart_s=rest_s, window_s=round_s)


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


def _noise(runs: Sequence[ResultSet], label: str) -> Noise:
    """Of a ratio, from all runs. What differs between the runs is left out: a design is of one run."""
    seen = [[logs for logs in _ratios(run, label).values() if len(logs) > 1] for run in runs]
    if any(len(blocks) < _FEWEST for blocks in seen):
        fewest = min(map(len, seen))
        raise InputError(
            f'"{label}" over "{runs[0].head.plan.reference}" has {fewest} blocks with two pairs of slices, '
            f"and a pilot needs {_FEWEST}",
            "Measure one: ./bench pilot",
        )
    try:
        return components.pooled([components.noise(blocks) for blocks in seen])
    except ValueError as error:
        raise InputError(f'nothing can be learned from "{label}": {error}', "Measure a pilot: ./bench pilot") from error


def _ratios(run: ResultSet, label: str) -> dict[int, list[float]]:
    found = throughputs(run)
    return paired(found[label], found[run.head.plan.reference])


def _ratio(runs: Sequence[ResultSet], label: str) -> float:
    """The geometric mean over the blocks of all runs, as in the report of one."""
    logs = [trimmed_mean(logs) for run in runs for logs in _ratios(run, label).values() if logs]
    return float(np.exp(fmean(logs)))


def _spread(
    noise: Noise, rounds: int, wanted: Design, contender: str | None = None, ratio: float | None = None
) -> Spread:
    return Spread(
        contender=contender,
        ratio=ratio,
        window_sd=float(np.sqrt(noise.window)),
        within_sd=float(np.sqrt(noise.within(rounds))),
        between_sd=float(np.sqrt(noise.between)),
        half_width=designs.half_width(noise, wanted.blocks, wanted.windows),
    )


def _spans(run: ResultSet) -> Iterator[tuple[float, float]]:
    """Of each finished block, the seconds outside of its rounds and the seconds of a round."""
    slices = _slices(run)
    for block in (block for block in run.blocks if block.block in slices):
        first, last = slices[block.block][0], slices[block.block][-1]
        measured_s = last.started_at + last.duration_s + last.drain_s - first.started_at
        yield block.ended_at - block.started_at - measured_s, measured_s / run.head.plan.rounds


def _slices(run: ResultSet) -> dict[int, list[Recording]]:
    """All measured slices by block, in the order in which they ran."""
    found: dict[int, list[Recording]] = {block.block: [] for block in run.blocks}
    for turn in run.turns:
        if turn.round and turn.recording:
            found[turn.block].append(turn.recording)
    return {block: slices for block, slices in found.items() if slices}


def _slice_s(runs: Sequence[ResultSet]) -> dict[str, float]:
    """Seconds of a slice, by label; without those that had none."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for slices in _slices(run).values():
            for one in slices:
                found.setdefault(one.contender, []).append(one.duration_s + one.drain_s)
    return {label: fmean(seconds) for label, seconds in found.items()}
