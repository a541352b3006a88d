"""Commands that ask rather than measure: list, verify, doctor, serve."""

from __future__ import annotations

import json as json_format
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from harness import block, campaign, catalog, prepare
from harness.catalog import Catalog
from harness.cli import steps
from harness.cli.output import ExitCode, document, note, results
from harness.hosts.local import LocalHost

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def list_(*, json: Json = False) -> None:
    """List the apps with their deployments, the scenarios and the line-ups."""
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
    contenders: Annotated[list[str] | None, typer.Argument(help="[LABEL=][PATH:]app[@deployment]; none: all.")] = None,
    *,
    scenario: Annotated[list[str] | None, typer.Option(help="Only these scenarios.")] = None,
    json: Json = False,
) -> None:
    """Check that contenders keep the contract of every scenario. Exits with 1 if one does not."""
    known = catalog.read()
    specifications = contenders or [f"{app.name}@{name}" for app in known.apps.values() for name in app.deployments]
    scenarios = scenario or list(known.scenarios)
    broken: dict[str, dict[str, list[str]]] = {}
    with LocalHost() as host, tempfile.TemporaryDirectory(prefix="rematch-") as folder:
        for name in scenarios:
            asked = prepare.Asked(scenario=name, contenders=specifications, plan={"blocks": 1, "starts": 0})
            entry = prepare.enter(asked)
            steps.make_environments(entry.apps)
            field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, Path(folder))
            for label, wrong in campaign.rehearse(field):
                broken.setdefault(name, {})[label] = list(wrong)
                if not json:
                    results.print(f"{name:<12} {label:<28} {'broken' if wrong else 'keeps the contract'}")
                    for one in wrong:
                        results.print(f"    {one}")
    if json:
        document(json_format.dumps(broken, indent=1))
    if any(wrong for labels in broken.values() for wrong in labels.values()):
        raise typer.Exit(ExitCode.FINDING)


def doctor(*, json: Json = False) -> None:
    """Look at the machine: what it is, what holds here, and what will be spoilt."""
    with LocalHost() as host:
        facts: dict[str, Any] = dict(host.fingerprint())
        facts["placement"] = host.placement.model_dump(mode="json")
        spoilers = steps.look_at_machine(host)
    if json:
        document(json_format.dumps(facts | {"spoilers": list(spoilers)}, indent=1))
        return
    for part, values in facts.items():
        results.print(part)
        for key, value in values.items():
            results.print(f"  {key:<24} {value}")


def serve(
    contender: Annotated[str, typer.Argument(help="[LABEL=][PATH:]app[@deployment]")],
    scenario: Annotated[str, typer.Option(help="Whose first request it must answer.")] = "json",
) -> None:
    """Serve one contender in the foreground, to open in a browser. Ctrl-C ends it."""
    asked = prepare.Asked(scenario=scenario, contenders=[contender])
    entry = prepare.enter(asked)
    steps.make_environments(entry.apps[:1])
    with LocalHost() as host, tempfile.TemporaryDirectory(prefix="rematch-") as folder:
        field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, Path(folder))
        with block.launch(field, entry.contenders[0].label, "serve.log") as server:
            results.print(f"http://{server.launched.host}:{server.launched.port}/")
            note("serving; Ctrl-C ends it")
            while True:
                time.sleep(1)
                server.usage()


def _listing(known: Catalog) -> dict[str, dict[str, str]]:
    deployments = {
        f"{app.name}@{name}": deployment.about or app.about
        for app in known.apps.values()
        for name, deployment in app.deployments.items()
    }
    scenarios = {name: scenario.about for name, scenario in known.scenarios.items()}
    lineups = {name: f"{', '.join(lineup.contenders)}. {lineup.about}" for name, lineup in known.lineups.items()}
    return {"contenders": deployments, "scenarios": scenarios, "line-ups": lineups}
