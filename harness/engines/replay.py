"""Plays stored recordings back, without any load: the fake engine, with which the whole pipeline is tested."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import EngineError
from harness.model import Placement, Plan, Recording, ResultSet, Scenario, Turn


class ReplayEngine:
    """Answers each turn with the next stored recording of the same contender and round, block after block."""

    def __init__(self, result_set: ResultSet) -> None:
        self._stored: dict[tuple[str, int], deque[Recording]] = defaultdict(deque)
        for turn in result_set.turns:
            if turn.recording is not None:
                self._stored[turn.contender, turn.round].append(turn.recording)

    def drive(
        self,
        addresses: Mapping[str, tuple[str, int]],  # noqa: ARG002  # the seam's
        scenario: Scenario,  # noqa: ARG002  # the seam's
        plan: Plan,  # noqa: ARG002  # the seam's
        turns: Sequence[Turn],
        placement: Placement,  # noqa: ARG002  # the seam's
        log: Path,  # noqa: ARG002  # the seam's
    ) -> Iterator[Recording]:
        """See `engines.base.Engine`. Raises EngineError for a turn of which nothing is stored (any more)."""
        for turn in turns:
            stored = self._stored[turn.contender, turn.round]
            if not stored:
                raise EngineError(f"no recording of {turn.contender!r}, round {turn.round}, is left to be replayed")
            yield stored.popleft()
