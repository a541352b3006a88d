"""Decides what may be said about a number (METHOD.md 3): one function per reason to doubt, and one table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from harness.guards import duet, generator, machine, openloop, rented, servers, services
from harness.guards.evidence import Evidence, Finding, gather
from harness.guards.machine import spoilers
from harness.model import About, Doubt, Plan, ResultSet, ServiceName, Verdict

__all__ = [
    "OF_A_CONTENDER",
    "OF_DUETS",
    "OF_OPEN_LOOP",
    "OF_RENTED",
    "OF_THE_RUN",
    "REQUIRED",
    "WITH_DUETS",
    "WITH_REFUSALS",
    "WITH_SERVICES",
    "WITH_SEVERAL",
    "doubts",
    "spoilers",
    "verdict",
]

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
    "age": machine.ages,
}

WITH_SEVERAL: Mapping[str, Callable[[Evidence], Finding]] = {
    "in step": generator.in_step,
}
"""Where several generators made the load."""

WITH_DUETS: Mapping[str, Callable[[Evidence], Finding]] = {
    "slices and duet": duet.agreement,
}

WITH_REFUSALS: Mapping[str, Callable[[Evidence], Finding]] = {
    "somebody served": servers.served,
}
"""Where a correct answer may say that the server cannot do the work now."""

WITH_SERVICES: Mapping[ServiceName, Mapping[str, Callable[[Evidence], Finding]]] = {
    "postgres": {"database connections": services.connections},
    "mail": {"mails": services.mails},
}

OF_DUETS: Mapping[str, Callable[[Evidence], Finding]] = {
    "whole duets": duet.whole,
    "equal shares": duet.shares,
    "busy CPUs": duet.busy,
}

OF_OPEN_LOOP: Mapping[str, Callable[[Evidence], Finding]] = {
    "open-loop answers": openloop.answers,
    "rate": openloop.rate,
    "lag": openloop.lag,
}

OF_THE_RUN: Mapping[str, Callable[[ResultSet], Finding]] = {
    "own core": machine.own_core,
    "steal": machine.steal,
    "foreign CPU": machine.foreign_cpu,
    "quick run": machine.quick_run,
}

OF_RENTED: Mapping[str, Callable[[ResultSet], Finding]] = {
    "network allowances": rented.allowances,
    "CPU credits": rented.cpu_credits,
}

REQUIRED = frozenset({"right answers", "workers alive", "ceiling"})
"""Guards without whose evidence a number is UNSETTLED, and so without a rank."""


def doubts(result_set: ResultSet) -> tuple[Doubt, ...]:
    """What every guard saw, contender by contender in the run's order, then of the whole run (`contender` None)."""
    of_contenders = [one for evidence in gather(result_set) for one in _of_contender(result_set.head.plan, evidence)]
    of_the_run = {**OF_THE_RUN, **(OF_RENTED if rented.is_rented(result_set) else {})}
    return (*of_contenders, *(_doubt(name, None, guard(result_set)) for name, guard in of_the_run.items()))


def verdict(seen: Iterable[Doubt], label: str) -> Verdict:
    """The gravest verdict that any guard gives this contender's throughput; SERVER-BOUND where none gives one."""
    given = {doubt.gives for doubt in seen if doubt.contender in {label, None} and doubt.about == "throughput"}
    return next((one for one in Verdict if one in given), Verdict.SERVER_BOUND)


def _of_contender(plan: Plan, seen: Evidence) -> Iterator[Doubt]:
    """What was not planned is not doubted."""
    label = seen.member.label
    for name, guard in OF_A_CONTENDER.items():
        yield _doubt(name, label, guard(seen))
    if any(slice_.generators for slice_ in seen.slices):
        yield from (_doubt(name, label, guard(seen)) for name, guard in WITH_SEVERAL.items())
    if not seen.member.is_yardstick:
        if seen.scenario.refusals:
            yield from (_doubt(name, label, guard(seen)) for name, guard in WITH_REFUSALS.items())
        for service in seen.scenario.services:
            yield from (_doubt(name, label, guard(seen)) for name, guard in WITH_SERVICES.get(service, {}).items())
    if plan.duets and label != plan.reference and seen.member.role != "null":
        yield from (_doubt(name, label, guard(seen)) for name, guard in WITH_DUETS.items())
        yield from (_doubt(name, label, guard(seen), "duet") for name, guard in OF_DUETS.items())
    if plan.open_blocks and seen.member.role != "control":
        yield from (_doubt(name, label, guard(seen), "open loop") for name, guard in OF_OPEN_LOOP.items())


def _doubt(name: str, label: str | None, finding: Finding, about: About = "throughput") -> Doubt:
    if name in REQUIRED and not finding.checked:
        finding = Finding(f"{finding.evidence} Without this check nothing is ranked.", Verdict.UNSETTLED, checked=False)
    return Doubt(
        guard=name,
        about=about,
        contender=label,
        checked=finding.checked,
        gives=finding.gives,
        evidence=finding.evidence,
    )
