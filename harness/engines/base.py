"""The seam to a load generator: `drive` takes turns on running servers and yields what happened, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.errors import InputError
from harness.model import Placement, Plan, Recording, Scenario, Target, Turn


class Engine(Protocol):
    """Drives scenarios. A turn starts when its recording is asked for: between two recordings there is no load."""

    def drive(
        self,
        targets: Mapping[str, Target],
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Iterator[Recording]:
        """Yield one recording per contender of each turn, in order. Raises EngineError when the generator itself fails.

        LostError when the way to its host is lost.
        `targets` are by label: contenders may be asked different scenarios.
        The turns of round 0 last `plan.warm_s`, duets `plan.duet_s`, turns with a rate `plan.open_s`, every other one
        `turn_duration_s` of what its contender served in its warm-up; those of the first and the last kind by their
        lead longer.
        """


def refuse_echoes(engine: str, scenario: Scenario) -> None:
    """Raise InputError for a load over WebSockets, which this engine does not speak."""
    if scenario.echoes:
        raise InputError(
            f'the engine "{engine}" does not speak WebSockets, over which the load of "{scenario.name}" goes',
            "Leave --engine out: the engine connection speaks them.",
        )


def out_of_rows(request: str) -> tuple[str, str]:
    """What is said of a turn in which a request that is asked once for each row had none left, and what helps."""
    said = f"the scenario ran out of rows for `{request}`, each of which is asked only once"
    return said, "Raise `count` of its `draw`, or measure less at a time: fewer rounds, shorter slices."


def longest_s(plan: Plan, turn: Turn) -> float:
    """How long this turn may load at most, in seconds."""
    if turn.rate_per_s:
        return plan.open_s
    return plan.duet_s if turn.beside else max(plan.warm_s, plan.slice_max_s) + turn.lead_s


def turn_duration_s(plan: Plan, requests_per_s: float, longest_s: float) -> float:
    """How long to load a server of this throughput, whose longest request took so long, in seconds (METHOD.md 1).

    The first two turnovers are not counted, so `plan.turnovers` counted ones need two more. A request that takes longer
    than the turn would never be seen to start and end in it, so three of the longest must fit in. Where the throughput
    is not known (0) it is the longest that is allowed.
    """
    if requests_per_s <= 0:
        return plan.slice_max_s
    turnover_s = plan.connections / requests_per_s
    return min(plan.slice_max_s, max(plan.slice_min_s, (plan.turnovers + 2) * turnover_s, 3 * longest_s))
