"""Commands that ask rather than measure: list, verify, serve."""

from __future__ import annotations

import json as json_format
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

import typer
from rich.table import Table

from harness import block, campaign, catalog, prepare
from harness.block import Field
from harness.catalog import Catalog
from harness.cli import options, steps
from harness.cli.output import ExitCode, document, note, progress, results
from harness.cli.places import LOCAL, Where, looked_at
from harness.hosts.base import Host, Server
from harness.model import App, Contender, Deployment, ServiceName
from harness.prepare import Asked, Entry


def list_(*, json: options.Json = False) -> None:
    """List apps, deployments, what there can be several versions of, scenarios and line-ups."""
    known = catalog.read()
    if json:
        document(json_format.dumps(_listing(known), indent=1))
        return
    for title, rows in _listing(known).items():
        table = Table(title, "", show_edge=False, pad_edge=False)
        for name, about in rows.items():
            table.add_row(name, about)
        results.print(table, "")


def verify(
    contenders: options.SomeContenders = None,
    *,
    scenario: options.OnlyScenarios = None,
    host: options.MeasuredHost = LOCAL,
    known_hosts: options.KnownHosts = None,
    json: options.Json = False,
) -> None:
    """Check that contenders keep the contract of every scenario. Exits with 1 if one does not.

    A contender that cannot serve a scenario breaks nothing.
    """
    known = catalog.read()
    specifications = contenders or [f"{app.name}@{name}" for app in known.apps.values() for name in app.deployments]
    taking = catalog.contenders(known, specifications)
    asked = catalog.scenarios(known, scenario or [catalog.ALL])
    entries = {one: _entered(one, specifications) for one in asked if any(not each.why_not(one) for each in taking)}
    where = Where(host, known_hosts)
    with steps.logs() as logs, looked_at(where, provisions=True) as machine:
        steps.make_environments(machine, prepare.apps(entries.values()))
        broken = _rehearsed({name: _field(entry, machine, logs / name) for name, entry in entries.items()})
        found: dict[str, dict[str, tuple[str, ...] | str]] = {
            name: {**broken.get(name, {}), **_absent(taking, name)} for name in asked
        }
        if json:
            document(json_format.dumps(found, indent=1))
        else:
            _show(found)
        if any(wrong for labels in broken.values() for wrong in labels.values()):
            raise typer.Exit(ExitCode.FINDING)


def serve(contender: options.Contender, scenario: options.FirstAsked = "json") -> None:
    """Serve one contender in the foreground, to open in a browser. Ctrl-C ends it."""
    entry = _entered(scenario, [contender])
    served, *_ = entry.contenders
    with ExitStack() as stack:
        logs, host = stack.enter_context(steps.logs()), stack.enter_context(looked_at())
        steps.make_environments(host, [served.app, *([entry.keeper.app] if entry.keeper else [])])
        server = stack.enter_context(_served(_field(entry, host, logs), served.label))
        results.print(f"http://{server.launched.host}:{server.launched.port}/")
        note("serving; Ctrl-C ends it")
        while True:
            time.sleep(1)
            server.usage()


@contextmanager
def _served(field: Field, label: str) -> Iterator[Server]:
    """If its scenario needs any service, all of them are there: in a browser one looks at every page."""
    wanted = get_args(ServiceName) if field.scenario.services else ()
    field = replace(field, scenario=field.scenario.model_copy(update={"services": wanted}))
    with (
        block.open_services(field, "services.log") as beside,
        block.launch(field, label, "serve.log", beside.environment(label)) as server,
    ):
        yield server


def _entered(scenario: str, specifications: Sequence[str]) -> Entry:
    return prepare.enter(Asked(scenario=scenario, contenders=specifications))


def _field(entry: Entry, host: Host, logs: Path) -> Field:
    logs.mkdir(exist_ok=True)
    return prepare.field_of(entry, prepare.plan(entry, Asked(), host.placement), host, logs)


def _rehearsed(fields: Mapping[str, Field]) -> dict[str, dict[str, tuple[str, ...]]]:
    """All that is wrong, by scenario and label."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    with progress("verifying", sum(len(field.contenders) for field in fields.values())) as advance:
        for name, field in fields.items():
            for label, broken in campaign.rehearse(field):
                found.setdefault(name, {})[label] = broken
                advance(f"{name}: {label}")
    return found


def _absent(taking: Sequence[Contender], scenario: str) -> dict[str, str]:
    """Who takes no part in a scenario, and why."""
    return {one.label: f"cannot: {why}" for one in taking if (why := one.why_not(scenario))}


def _show(found: Mapping[str, Mapping[str, tuple[str, ...] | str]]) -> None:
    """What is broken of each scenario by each contender, or in one text why it takes no part."""
    for name, labels in found.items():
        for label, broken in labels.items():
            said = broken if isinstance(broken, str) else "broken" if broken else "keeps the contract"
            results.print(f"{name:<12} {label:<28} {said}", soft_wrap=True)
            for one in broken if isinstance(broken, tuple) else ():
                results.print(textwrap.indent(one, "    "), soft_wrap=True)


def _listing(known: Catalog) -> dict[str, dict[str, str]]:
    deployments = {
        f"{app.name}@{name}": f"{deployment.about or app.about}{_cannot(deployment)}"
        for app in known.apps.values()
        for name, deployment in app.deployments.items()
    }
    ablations = {name: _ablations(app) for name, app in known.apps.items() if app.ablations}
    scenarios = {name: scenario.about for name, scenario in known.scenarios.items()}
    versions = {app.name: ", ".join(("python", *app.versions)) for app in known.apps.values() if app.requirements}
    lineups = {name: f"{', '.join(lineup.contenders)}. {lineup.about}" for name, lineup in known.lineups.items()}
    return {
        "contenders": deployments,
        "ablations": ablations,
        "versions (--matrix)": versions,
        "scenarios": scenarios,
        "line-ups": lineups,
    }


def _cannot(deployment: Deployment) -> str:
    """Which scenarios it cannot serve, and why."""
    return "".join(f" Cannot {scenario}: {why.removesuffix('.')}." for scenario, why in deployment.cannot.items())


def _ablations(app: App) -> str:
    """What of an app's first deployment can be made otherwise, and by which names: `loop: asyncio; parser: h11`."""
    choices: dict[str, list[str]] = {}
    base, *_ = app.deployments.values()
    for name, ablation in app.ablations.items():
        served = app.served[name]
        cannot = _cannot(served).strip() if served.cannot != base.cannot else ""
        said = f"{name} ({cannot})" if cannot else name
        choices.setdefault(ablation.varies.replace("_", " "), []).append(said)
    return "; ".join(f"{choice}: {', '.join(names)}" for choice, names in choices.items())
