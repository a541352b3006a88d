"""Plays stored recordings back, without any load: the fake engine, with which the whole pipeline is tested."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import EngineError
from harness.model import (
    DuetOutcome,
    DuetPart,
    ErrorCause,
    Histogram,
    Outcome,
    Placement,
    Plan,
    Recording,
    ResultSet,
    Target,
    Turn,
    TurnOutcome,
)

_Key = tuple[str, int, str | None, float | None]


class ReplayEngine:
    """Answers each turn with the next stored recordings of the same kind, contender and round, block after block."""

    def __init__(self, result_set: ResultSet) -> None:
        self._stored: dict[_Key, deque[tuple[Recording, ...]]] = defaultdict(deque)
        for outcome in result_set.counted:
            self._take(outcome)

    def drive(
        self,
        targets: Mapping[str, Target],  # noqa: ARG002  # the seam's
        plan: Plan,  # noqa: ARG002  # the seam's
        turns: Sequence[Turn],
        placement: Placement,  # noqa: ARG002  # the seam's
        log: Path,  # noqa: ARG002  # the seam's
    ) -> Iterator[Recording]:
        """See `engines.base.Engine`. Raises EngineError for a turn of which nothing is stored (any more)."""
        for turn in turns:
            stored = self._stored[turn.contender, turn.round, turn.beside, turn.share]
            if not stored:
                raise EngineError(f"no recording of {turn.contender!r}, round {turn.round}, is left to be replayed")
            yield from stored.popleft()

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case TurnOutcome(recording=Recording() as recording):
                share = recording.paced.share if recording.paced else None
                self._stored[outcome.contender, outcome.round, None, share].append((recording,))
            case DuetOutcome(contender=contender, beside=beside, parts=parts) if parts:
                heard = tuple(_heard(label, outcome.round, parts[label]) for label in (contender, beside))
                self._stored[contender, outcome.round, beside, None].append(heard)


def _heard(label: str, number: int, part: DuetPart) -> Recording:
    """A duet kept of its recordings what its statistic needs: all else is a stand-in."""
    return Recording(
        contender=label,
        round=number,
        started_at=0.0,
        duration_s=part.loaded_s,
        answered=part.answered,
        counted=0.0,
        counted_s=0.0,
        errors={} if part.is_whole else {ErrorCause.BODY: 1},
        latency=Histogram(),
        longest_s=None,
        busy=None,
        connections=0,
        reconnects=0,
        asked_again=0,
        generator_cpu_s=0.0,
        generator_empty_s=0.0,
        drain_s=0.0,
    )
