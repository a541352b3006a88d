"""What the rates of open loop are shares of: the capacity of the slowest contender, by its slices."""

from __future__ import annotations

from statistics import quantiles

from harness.model import ResultSet, Scenario, TurnOutcome


def slowest_per_s(result_set: ResultSet) -> float | None:
    """The lower quartile of the slices of the contender for which it is lowest, in requests per second.

    None where no contender has a slice in which all went well. Yardsticks do not count.
    """
    contenders = [member.label for member in result_set.head.members if not member.is_yardstick]
    slices = [_slices(result_set, label) for label in contenders]
    return min((_lower_quartile(one) for one in slices if one), default=None)


def _slices(result_set: ResultSet, label: str) -> list[float]:
    turns = [turn for turn in result_set.turns if turn.contender == label and turn.round]
    return [per_s for turn in turns if (per_s := _served_per_s(turn, result_set.head.scenario))]


def _served_per_s(turn: TurnOutcome, scenario: Scenario) -> float | None:
    if turn.failure or not turn.recording or turn.recording.errors:
        return None
    return turn.recording.served_per_s(scenario.refusals)


def _lower_quartile(values: list[float]) -> float:
    return quantiles(values, n=4, method="inclusive")[0] if len(values) > 1 else values[0]
