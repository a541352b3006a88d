"""What stands beside the apps: a keeper launched like an app, told what a scenario needs, and ended with the block.

Its one process starts and ends all services; each contender has a database, a Valkey number and a sender of mails.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from harness import dataset
from harness.errors import HostError, LaunchError
from harness.hosts.base import Host, Server
from harness.model import (
    Contender,
    Expectation,
    Limits,
    Request,
    Scenario,
    ServiceName,
    ServicesOutcome,
)

OWN: Mapping[str, ServiceName] = {"DATABASE_URL": "postgres", "REDIS_URL": "valkey"}
"""Variables of the caller's environment that name a server of the user's, which stands in for ours."""

_READY = Request(name="ready", path="/", expect=Expectation(json_body={"status": "ok"}))
_POOL = {"DATABASE_POOL_SIZE": "20", "DATABASE_MAX_OVERFLOW": "10"}
_ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True)
class Keeper:
    """The program that keeps services, and the addresses of the user's own servers, by service."""

    contender: Contender
    python: Path
    own: Mapping[ServiceName, str]


class Services:
    """Services that run, for the contenders in `environments`; those of a scenario that needs none are not there.

    `allowed`: how many database connections each contender may have.
    """

    def __init__(
        self,
        environments: Mapping[str, Mapping[str, str]],
        allowed: Mapping[str, int] | None = None,
        server: Server | None = None,
    ) -> None:
        self._environments = environments
        self._allowed = allowed or {}
        self._server = server

    def environment(self, label: str) -> Mapping[str, str]:
        """What that contender gets in its environment; nothing for a yardstick."""
        return self._environments.get(label, {})

    def cpu_s(self) -> float | None:
        """CPU time of all services so far; None where there are none. Raises HostError when they are gone."""
        if self._server is None:
            return None
        try:
            return self._server.cpu_s()
        except LaunchError as error:
            raise _lost(error.message, error.hint) from error

    def connections(self) -> Mapping[str, int]:
        """How many database connections each contender has now. Raises HostError when the services are gone."""
        return {} if self._server is None else _counts(self._server).get("connections", {})

    def outcome(self, connections: Mapping[str, int]) -> ServicesOutcome | None:
        """What they say of themselves and have counted, to be asked when the contenders have ended; None: none run.

        `connections` are those counted while the contenders were warm. Raises HostError when the services are gone.
        """
        if self._server is None:
            return None
        counts = _counts(self._server)
        return ServicesOutcome(
            facts=_asked(self._server, "GET", "/facts"),
            allowed_connections=self._allowed,
            connections=connections,
            mails=counts.get("mails", {}),
            **counts.get("cache", {}),
        )


@contextmanager
def opened(
    scenario: Scenario,
    contenders: Sequence[Contender],
    keeper: Keeper | None,
    host: Host,
    limits: Limits,
    log: Path,
    timeout_s: float,
) -> Iterator[Services]:
    """The services of a scenario, as seeded, for these contenders. Raises HostError: no contender is to blame."""
    served = [one for one in contenders if not one.app.is_yardstick]
    if not (scenario.services and served):
        yield Services({one.label: scenario.settings for one in served})
        return
    assert keeper is not None
    allowed = {one.label: _connections(one, scenario, limits) for one in served}
    with ExitStack() as stack:
        try:
            server = stack.enter_context(host.launch(keeper.contender, keeper.python, _READY, limits, log, timeout_s))
        except LaunchError as error:
            raise HostError(error.message, error.hint) from error
        found = _asked(server, "POST", "/open", _order(scenario, allowed, keeper))
        common = {"SECRET_KEY": dataset.SECRET_KEY, **scenario.settings}
        yield Services({label: {**words, **common} for label, words in found.items()}, allowed, server)


def own_servers(environment: Mapping[str, str]) -> Mapping[ServiceName, str]:
    """The addresses of the user's own servers that a caller's environment names."""
    return {service: environment[name] for name, service in OWN.items() if environment.get(name)}


def _order(scenario: Scenario, allowed: Mapping[str, int], keeper: Keeper) -> Mapping[str, Any]:
    """What the keeper is told: see its `Order`."""
    return {
        "services": scenario.services,
        "labels": tuple(allowed),
        "max_connections": sum(allowed.values()),
        "tables": _tables() if "postgres" in scenario.services else {},
        "own": {name: url for name, url in keeper.own.items() if name in scenario.services},
    }


def _connections(contender: Contender, scenario: Scenario, limits: Limits) -> int:
    """How many database connections the pools of all its processes come to, by the scenario's settings."""
    size, overflow = (int(scenario.settings.get(name, usual)) for name, usual in _POOL.items())
    return (contender.deployment.workers or len(limits.cpus)) * (size + overflow)


@cache
def _tables() -> Mapping[str, str]:
    return {"items": _csv(dataset.items()), "users": _csv(dataset.users())}


def _csv(rows: Sequence[dataset.Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _counts(server: Server) -> Mapping[str, Any]:
    counts: Mapping[str, Any] = _asked(server, "GET", "/counts")
    return counts


def _asked(server: Server, method: str, path: str, told: Mapping[str, Any] | None = None) -> Any:
    """What the keeper answers. Raises HostError: what it refuses, or that it does not answer."""
    host, port = server.door()
    address = f"http://{host}:{port}{path}"
    try:
        answer = httpx.request(method, address, json=told, timeout=_ANSWER_WITHIN_S, trust_env=False)
    except httpx.HTTPError as error:
        raise _lost(f"{type(error).__name__}", f"Their log is {server.launched.log}") from error
    if answer.status_code == httpx.codes.CONFLICT:
        raise HostError(**answer.json())
    return answer.json()


def _lost(how: str, hint: str) -> HostError:
    return HostError(f"The services beside the apps are not there any more: {how}", hint)
