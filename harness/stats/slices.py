"""Decides which slices count, and what a block says: a trimmed mean, which a flicker in one slice does not move."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.model import BlockKind, ResultSet, Scenario, TurnOutcome
from harness.stats.estimates import trimmed_mean

Throughputs = Mapping[int, Mapping[int, float]]
"""Requests per second by block, then by round."""


def is_clean(turn: TurnOutcome) -> bool:
    """Whether a turn has a throughput: every answer right, and some counted. Wrong ones are never throughput."""
    if turn.failure or turn.recording is None or any(turn.recording.errors.values()):
        return False
    return turn.recording.requests_per_s is not None


def is_silent(turn: TurnOutcome) -> bool:
    """Whether a turn says nothing, and nothing bad: no answer was wrong, but too few came to count.

    It was too short for its server, or the machine stood still.
    """
    if turn.recording is None or any(turn.recording.errors.values()) or turn.recording.ran_out:
        return False
    return turn.recording.requests_per_s is None


def served_per_s(turn: TurnOutcome, scenario: Scenario) -> float | None:
    """The throughput of a clean turn, without those who were turned away; None where it has none."""
    return turn.recording.served_per_s(scenario.refusals) if turn.recording and is_clean(turn) else None


def throughputs(result_set: ResultSet, kind: BlockKind = "usual") -> Mapping[str, Throughputs]:
    """Of each contender, in clean slices of finished blocks; a contender without any is there, empty."""
    found: dict[str, dict[int, dict[int, float]]] = {member.label: {} for member in result_set.head.members}
    for turn in result_set.turns_of(kind):
        per_s = served_per_s(turn, result_set.head.scenario)
        if turn.round and per_s:
            found[turn.contender].setdefault(turn.block, {})[turn.round] = per_s
    return found


def log_levels(ours: Throughputs) -> dict[int, float]:
    """Log throughput by block: the 20 % trimmed mean of its slices. Raises ValueError for a throughput of 0."""
    return {block: trimmed_mean([math.log(per_s) for per_s in slices.values()]) for block, slices in ours.items()}


def log_ratios(ours: Throughputs, theirs: Throughputs) -> dict[int, float]:
    """Log of our throughput over theirs by block: the 20 % trimmed mean over the rounds in which both have a slice.

    A block without such a round is left out. Raises ValueError for a throughput of 0.
    """
    return {block: trimmed_mean(logs) for block, logs in paired(ours, theirs).items() if logs}


def paired(ours: Throughputs, theirs: Throughputs) -> dict[int, list[float]]:
    """Log of our throughput over theirs by block: one for each round in which both have a slice.

    Raises ValueError for a throughput of 0.
    """
    return {block: _paired(ours[block], theirs[block]) for block in sorted(ours.keys() & theirs.keys())}


def _paired(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    return [math.log(ours[number]) - math.log(theirs[number]) for number in sorted(ours.keys() & theirs.keys())]
