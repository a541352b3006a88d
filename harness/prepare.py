"""From what was asked for to what will be done: the plan, the head of the run, and the field it is played on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import catalog, engines, environments, kinds, locks, provenance, schedule
from harness.block import Field
from harness.catalog import ROOT
from harness.engines.base import refuse_echoes, turn_duration_s
from harness.engines.process import Spot
from harness.entries import ENGINE, Asked, Entry, apps, enter
from harness.errors import InputError
from harness.hosts.base import Environments, Host
from harness.model import (
    App,
    Contender,
    Fingerprint,
    Limits,
    Member,
    Placement,
    Plan,
    RunHead,
    Scenario,
)
from harness.services import Keeper, own_servers

__all__ = [
    "ABLATE",
    "ENVIRONMENTS",
    "PUBLISH",
    "QUICK",
    "RUNS",
    "USUAL",
    "Asked",
    "Entry",
    "apps",
    "enter",
    "field_of",
    "head",
    "plan",
    "preset",
    "seconds",
    "varies",
]

ENVIRONMENTS = environments.UNDER
RUNS = ROOT / "results" / "runs"

# What a t3.medium has (METHOD.md 8).
MEMORY_BYTES = 4 * 2**30

LAUNCH_S = 0.6
SERVICES_S = 3.0  # to start them, fill them and end them
IDLE_S = 5.0  # to launch a contender, open a thousand connections, hold them and close them

IDLE_CONNECTIONS = 1000

WARM_SPREAD_S = 2.0  # some rounds of most scenarios

USUAL = {"duets": 2, "open_blocks": 3}
QUICK = {
    "blocks": 2,
    "rounds": 5,
    "starts": 3,
    "warm_s": 0.5,
    "warm_spread_s": 0.0,
    "slice_min_s": 0.25,
    "slice_max_s": 2.0,
    "lead_s": 0.0,
    "duets": 1,
    "idle_connections": 200,
    "quick": True,
}
NO_CREDITS = 0.4  # a t3.medium's two CPUs at their baseline of 20 %: METHOD.md 8
PUBLISH = {
    "blocks": 24,
    "starts": 30,
    "dropped_starts": 20,
    "no_bytecode_starts": 20,
    "duets": 2,
    "open_blocks": 8,
    "other_wait_blocks": 8,
}
ABLATE = {"blocks": 8, "starts": 5}  # a block is long with so many contenders
_OURS_ONLY = ("duets", "open_blocks", "other_wait_blocks")


def preset(fields: Mapping[str, Any], engine: str | None, *, slices_only: bool = False) -> Mapping[str, Any]:
    """Fields of Plan that go together; of slices only where that is wanted, or the engine can do no more."""
    more = engine in {None, ENGINE} and not slices_only
    return {key: one for key, one in fields.items() if more or key not in _OURS_ONLY}


def plan(entry: Entry, asked: Asked, placement: Placement) -> Plan:
    """The plan: what was asked for, else what the scenario and the machine suggest, else the defaults.

    There are no duets where a scenario forbids them, nor under a quota: the CPUs are not busy then. Idle connections
    are WebSockets: only a scenario of these has any.
    """
    suggested = {
        "connections": entry.scenario.connections,
        **entry.scenario.model_dump(include={"warm_s", "slice_min_s", "slice_max_s", "lead_s"}, exclude_none=True),
        "wait": "spin" if _may_spin(placement, asked.plan.get("load_processes", 1)) and _is_ours(asked) else "sleep",
        "seed": secrets.randbelow(2**32),
        "idle_connections": IDLE_CONNECTIONS,
        "warm_spread_s": WARM_SPREAD_S,
    }
    chosen = Plan.model_validate(
        suggested
        | dict(asked.plan)
        | ({"duets": 0} if entry.scenario.forbids_duets or asked.plan.get("cpu_quota") else {})
        | ({} if entry.scenario.websocket else {"idle_connections": 0})
        | {
            "scenario": entry.scenario.name,
            "lineup": entry.lineup,
            "contenders": entry.specifications,
            "reference": entry.reference,
        }
    )
    if chosen.engine != ENGINE:
        refuse_echoes(chosen.engine, entry.scenario)
    _refuse_impossible(chosen, placement)
    return chosen


def _refuse_impossible(chosen: Plan, placement: Placement) -> None:
    if chosen.engine != ENGINE and any(getattr(chosen, name) for name in _OURS_ONLY):
        raise InputError(
            f'the engine "{chosen.engine}" knows slices only: no duets, no open loop, no other wait policy',
            "Leave --duets, --open-blocks and --other-wait-blocks out.",
        )
    if chosen.wait == "spin" and not placement.owns_core:
        raise InputError(
            "the generator cannot spin: it shares a core with the servers",
            "Leave --wait out, or use a machine with two cores of which one can be the generator's.",
        )
    spins = chosen.wait == "spin" or chosen.other_wait_blocks
    if spins and chosen.load_processes > len(placement.generator_cpus):
        raise InputError(
            f"{chosen.load_processes} generators cannot spin on {len(placement.generator_cpus)} CPUs: they would "
            "take turns there",
            "Leave --wait out and give --other-wait-blocks 0, or take as many --load-processes as there are such CPUs.",
        )
    if chosen.connections < chosen.load_processes:
        raise InputError(
            f"{chosen.load_processes} generators cannot share {chosen.connections} connections",
            "Each of --load-processes needs one of --connections at least.",
        )


def _may_spin(placement: Placement, load_processes: int) -> bool:
    """Whether each generator has a CPU of its own on which it can spin without taking one from anybody."""
    return placement.owns_core and len(placement.generator_cpus) >= load_processes


def _is_ours(asked: Asked) -> bool:
    """Whether the load comes from our own engine; stock Locust sleeps while it waits."""
    return bool(asked.plan.get("engine", ENGINE) == ENGINE)


def head(entry: Entry, chosen: Plan, host: Host, name: str, at: float, command: Sequence[str] | None = None) -> RunHead:
    """run.json: what will be done, by whom, where, with what, and by which command."""
    pinned = any(contender.app.pins for contender in entry.contenders)
    members = tuple(_member(contender, host, whole=pinned) for contender in entry.contenders)
    fingerprint = _fingerprint(host, entry, chosen, members)
    served = [f"{one.app.folder}@{one.deployment_name}" for one in entry.contenders]
    return RunHead(
        name=name,
        created_at=at,
        plan=chosen,
        scenario=entry.scenario,
        placement=host.placement,
        members=members,
        schedule=schedule.blocks(chosen, members),
        fingerprint=fingerprint,
        digests=_digests(entry, fingerprint),
        command=None if command is None else tuple(command),
        varies=varies(entry),
        absent=entry.absent,
        against=kinds.against(served, members, entry.reference),
    )


def _digests(entry: Entry, at: Fingerprint) -> Mapping[str, str]:
    asked = dict.fromkeys(scenario.name for scenario in _scenarios(entry).values())
    of_run = provenance.digests(ROOT, entry.apps, asked)
    return {**of_run, **provenance.of_elsewhere(ROOT)} if "reached" in at.identity else of_run


def varies(entry: Entry) -> dict[str, str]:
    """By label the one choice in which a contender differs from the reference, if it is an ablation of it."""
    (base,) = (one for one in entry.contenders if one.label == entry.reference)
    if base.deployment_name != next(iter(base.app.deployments)):
        return {}
    ablated = [one for one in entry.contenders if one.app == base.app and one.deployment_name in base.app.ablations]
    return {one.label: base.app.ablations[one.deployment_name].varies for one in ablated}


def field_of(entry: Entry, chosen: Plan, host: Host, logs: Path, spots: Sequence[Spot] = ()) -> Field:
    """The field on which a run is played. `spots`: where generators are started; none: on this machine."""
    return Field(
        plan=chosen,
        scenario=entry.scenario,
        scenarios=_scenarios(entry),
        contenders={contender.label: contender for contender in entry.contenders},
        pythons={contender.label: host.environments.python(contender.app) for contender in entry.contenders},
        placement=host.placement,
        limits=Limits(cpus=host.placement.server_cpus, memory_bytes=MEMORY_BYTES, cpu_quota=chosen.cpu_quota),
        logs=logs,
        host=host,
        engine=engines.ENGINES[chosen.engine](spots),
        keeper=_keeper(entry, host.environments),
    )


def _scenarios(entry: Entry) -> Mapping[str, Scenario]:
    """What each label is asked. Yardsticks are frozen, know plain requests only, and are asked no others."""
    for_yardsticks = entry.scenario if entry.scenario.is_plain else catalog.plain()
    return {one.label: for_yardsticks if one.app.is_yardstick else entry.scenario for one in entry.contenders}


def _keeper(entry: Entry, made: Environments) -> Keeper | None:
    if entry.keeper is None:
        return None
    return Keeper(entry.keeper, made.python(entry.keeper.app), own_servers(os.environ))


def seconds(chosen: Plan, entry: Entry) -> float:
    """About how long a run takes.

    Launches and cold starts take 0.6 s, turns 1.3 times their slice of a server of 5,000 requests a second: so it was
    on two CPUs, within a tenth. With services nobody was nearly as fast, nor where a scenario wants longer slices than
    usual because answers are few: all connections had an answer every 0.3 s.
    """
    labels, asked = len(entry.contenders), len(entry.starting)
    turn_s, ready_s = _turn_s(chosen, 5000), labels * (LAUNCH_S + chosen.warm_s + chosen.warm_spread_s / 2)
    served_s = _turn_s(chosen, chosen.connections / 0.3) if entry.keeper or entry.scenario.slice_min_s else turn_s
    if entry.keeper:
        ready_s += SERVICES_S
    slices_s = chosen.rounds * ((labels - asked) * turn_s + asked * served_s)
    duets_s = (labels - 2) * chosen.duets * chosen.duet_s
    open_s = (labels - 1) * len(chosen.open_shares) * chosen.open_s
    idle_s = asked * IDLE_S if chosen.idle_connections else 0.0
    starts = schedule.filled(schedule.starts(chosen, [one.label for one in entry.starting]))
    return (
        sum(1 for _ in starts) * LAUNCH_S
        + chosen.blocks * (ready_s + slices_s + duets_s + idle_s)
        + chosen.other_wait_blocks * (ready_s + slices_s)
        + chosen.open_blocks * (ready_s + open_s)
    )


def _turn_s(chosen: Plan, requests_per_s: float) -> float:
    return chosen.lead_s / 2 + 1.3 * turn_duration_s(chosen, requests_per_s, 0.0)


def _member(contender: Contender, host: Host, *, whole: bool) -> Member:
    """`whole`: with all that its environment holds."""
    app, deployment = contender.app, contender.deployment
    return Member(
        label=contender.label,
        app=app.name,
        title=app.title,
        deployment=contender.deployment_name,
        role=app.role,
        workers=deployment.workers or len(host.placement.server_cpus),
        threads=deployment.threads,
        connections=deployment.connections,
        traits=deployment.traits,
        command=deployment.command,
        versions=host.environments.versions(app),
        pins=app.pins,
        packages=_packages(app, host.environments) if whole and not app.is_yardstick else {},
    )


def _packages(app: App, made: Environments) -> Mapping[str, str]:
    return made.versions(app.model_copy(update={"versions": locks.names(app)}))


def _services(entry: Entry, made: Environments) -> dict[str, Any]:
    """The versions of what keeps the services, and which of these are the user's own; each block has their settings."""
    if entry.keeper is None:
        return {}
    own = [name for name in own_servers(os.environ) if name in entry.scenario.services]
    return {"services": {**made.versions(entry.keeper.app), "own": own}}


def _fingerprint(host: Host, entry: Entry, chosen: Plan, members: Sequence[Member]) -> Fingerprint:
    machine = host.fingerprint()
    return Fingerprint(
        identity={
            **machine["identity"],
            "placement": host.placement.model_dump(mode="json"),
            "wait": chosen.wait,
            "engine": chosen.engine,
            "generator": dict(provenance.generator_versions()),
            "versions": {member.label: dict(member.versions) for member in members},
            **_services(entry, host.environments),
        },
        moment={**machine["moment"], **provenance.commit(ROOT)},
    )
