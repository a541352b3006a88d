"""What the rates of open loop are shares of: the capacity of the slowest contender, by its slices."""

from __future__ import annotations

from statistics import quantiles

from harness.model import ResultSet, TurnOutcome


def slowest_per_s(result_set: ResultSet) -> float | None:
    """The lower quartile of the slices of the contender for which it is lowest, in requests per second.

    None where no contender has a slice in which all went well. Yardsticks do not count.
    """
    contenders = [member.label for member in result_set.head.members if not member.is_yardstick]
    slices = [[per_s for turn in result_set.turns if (per_s := _per_s(turn, label))] for label in contenders]
    return min((_lower_quartile(one) for one in slices if one), default=None)


def _per_s(turn: TurnOutcome, label: str) -> float | None:
    if turn.contender != label or not turn.round or turn.failure or not turn.recording or turn.recording.errors:
        return None
    return turn.recording.requests_per_s


def _lower_quartile(values: list[float]) -> float:
    return quantiles(values, n=4, method="inclusive")[0] if len(values) > 1 else values[0]
