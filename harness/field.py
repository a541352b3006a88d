"""What a run is played on: a plan, a host, an engine, and all that takes part; and how one of it is launched there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from harness import rendering, services, verify
from harness.engines.base import Engine
from harness.hosts.base import NOTHING_MORE, Host, Server
from harness.model import Contender, Limits, Placement, Plan, Scenario
from harness.services import Keeper, Services


@dataclass(frozen=True)
class Field:
    """All that is needed to measure: who, on what, with what. `pythons` and `contenders` by label; `logs` is a folder.

    `scenarios` are what each label is asked: the run's `scenario`, or a plain one, where a yardstick knows no better.
    `keeper` keeps the services, if the scenario needs any.
    """

    plan: Plan
    scenario: Scenario
    scenarios: Mapping[str, Scenario]
    contenders: Mapping[str, Contender]
    pythons: Mapping[str, Path]
    placement: Placement
    limits: Limits
    logs: Path
    host: Host
    engine: Engine
    keeper: Keeper | None = None


def open_services(field: Field, log_name: str) -> AbstractContextManager[Services]:
    """The services of the field's scenario, as seeded; an empty set of them where it needs none."""
    return services.opened(
        field.scenario,
        tuple(field.contenders.values()),
        field.keeper,
        field.host,
        field.limits,
        field.logs / log_name,
        field.plan.launch_timeout_s,
    )


def launch(
    field: Field, label: str, log_name: str, environment: Mapping[str, str] = NOTHING_MORE
) -> AbstractContextManager[Server]:
    """A contender on the field's host; ready once it has answered the first request of the load correctly."""
    return field.host.launch(
        field.contenders[label],
        field.pythons[label],
        rendering.first(field.scenarios[label], field.plan.seed),
        field.limits,
        field.logs / log_name,
        field.plan.launch_timeout_s,
        environment,
    )


def verified(field: Field, server: Server) -> tuple[str, ...]:
    """All that is wrong with what a server answers."""
    plan, scenario = field.plan, field.scenarios[server.launched.contender]
    return verify.broken(*server.door(), scenario, plan.request_timeout_s, plan.seed)
