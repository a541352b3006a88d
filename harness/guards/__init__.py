"""Decides what may be said about a number (METHOD.md 3): one function per reason to doubt, and one table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.guards import generator, machine, servers
from harness.guards.evidence import Evidence, Finding, gather
from harness.guards.machine import spoilers
from harness.model import Doubt, ResultSet, Verdict

__all__ = ["OF_A_CONTENDER", "OF_THE_RUN", "REQUIRED", "doubts", "spoilers", "verdict"]

OF_A_CONTENDER: Mapping[str, Callable[[Evidence], Finding]] = {
    "right answers": servers.right_answers,
    "workers alive": servers.workers_alive,
    "limits": servers.limits,
    "throttling, memory": servers.throttling,
    "ordering": generator.ordering,
    "ceiling": generator.ceiling,
    "generator CPU": generator.generator_cpu,
    "generator's own time": generator.own_time,
    "Little's law": generator.little,
    "think time": generator.think_time,
    "room in a slice": generator.room,
    "connections": generator.connections,
    "reconnects": generator.reconnects,
    "worker balance": servers.worker_balance,
    "blocks": machine.enough_blocks,
    "steady": machine.steady,
}

OF_THE_RUN: Mapping[str, Callable[[ResultSet], Finding]] = {
    "own core": machine.own_core,
    "steal": machine.steal,
    "foreign CPU": machine.foreign_cpu,
    "quick run": machine.quick_run,
}

REQUIRED = frozenset({"right answers", "workers alive", "ceiling"})
"""Guards without whose evidence a number is UNSETTLED, and so without a rank."""


def doubts(result_set: ResultSet) -> tuple[Doubt, ...]:
    """What every guard saw, contender by contender in the run's order, then of the whole run (`contender` None)."""
    of_contenders = [
        _doubt(name, evidence.member.label, guard(evidence))
        for evidence in gather(result_set)
        for name, guard in OF_A_CONTENDER.items()
    ]
    return (*of_contenders, *(_doubt(name, None, guard(result_set)) for name, guard in OF_THE_RUN.items()))


def verdict(seen: Iterable[Doubt], label: str) -> Verdict:
    """The gravest verdict that any guard gives this contender; SERVER-BOUND where none gives one."""
    given = {doubt.gives for doubt in seen if doubt.contender in {label, None}}
    return next((one for one in Verdict if one in given), Verdict.SERVER_BOUND)


def _doubt(name: str, label: str | None, finding: Finding) -> Doubt:
    if name in REQUIRED and not finding.checked:
        finding = Finding(f"{finding.evidence} Without this check nothing is ranked.", Verdict.UNSETTLED, checked=False)
    return Doubt(guard=name, contender=label, checked=finding.checked, gives=finding.gives, evidence=finding.evidence)
