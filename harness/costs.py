"""Says what blocks and their rounds cost, by the clock: of slices, of duets, and all else in a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from harness.errors import InputError
from harness.model import DuetOutcome, Recording, ResultSet, Value
from harness.stats.designs import Costs


class Spent(Value):
    """Seconds of a block: of a round of slices, of a round of duets (None: there is none), and of all else."""

    restart_s: float
    slices_s: float
    duets_s: float | None

    @property
    def slices(self) -> Costs:
        """Of a block that has slices only."""
        return Costs(restart_s=self.restart_s, window_s=self.slices_s)

    @property
    def duets(self) -> Costs | None:
        """Of a block that has duets only."""
        return None if self.duets_s is None else Costs(restart_s=self.restart_s, window_s=self.duets_s)


def of(runs: Sequence[ResultSet]) -> Spent:
    """What a block and its rounds cost on average, by the times of finished blocks. Raises InputError."""
    spans = [span for run in runs for span in _spans(run)]
    rest_s, slices_s, duets_s = (fmean(parts) for parts in zip(*spans, strict=True)) if spans else (0.0, 0.0, 0.0)
    if min(rest_s, slices_s) <= 0:
        raise InputError(
            "what blocks and slices cost cannot be told from the times in these runs", "Measure a new one."
        )
    return Spent(restart_s=rest_s, slices_s=slices_s, duets_s=duets_s or None)


def slice_s(runs: Sequence[ResultSet]) -> dict[str, float]:
    """Seconds of a slice, by label; without those that had none."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for slices in _slices(run).values():
            for one in slices:
                found.setdefault(one.contender, []).append(one.duration_s + one.drain_s)
    return {label: fmean(seconds) for label, seconds in found.items()}


def _spans(run: ResultSet) -> Iterator[tuple[float, float, float]]:
    """Of each finished block, the seconds outside of its rounds, of a round of slices, and of one of duets (or 0)."""
    slices, duets, plan = _slices(run), run.duets, run.head.plan
    for block in (block for block in run.blocks if block.block in slices):
        first, last = slices[block.block][0], slices[block.block][-1]
        sliced_s = last.started_at + last.duration_s + last.drain_s - first.started_at
        in_duets_s = sum(_duet_s(duet) for duet in duets if duet.block == block.block)
        rest_s = block.ended_at - block.started_at - sliced_s - in_duets_s
        yield rest_s, sliced_s / plan.rounds, in_duets_s / max(1, plan.duets)


def _duet_s(duet: DuetOutcome) -> float:
    """Older runs kept only how long the two were under load."""
    return duet.took_s or max((part.loaded_s for part in duet.parts.values()), default=0.0)


def _slices(run: ResultSet) -> dict[int, list[Recording]]:
    """All measured slices by block, in the order in which they ran."""
    found: dict[int, list[Recording]] = {block.block: [] for block in run.blocks}
    for turn in run.turns:
        if turn.round and turn.recording:
            found[turn.block].append(turn.recording)
    return {block: slices for block, slices in found.items() if slices}
