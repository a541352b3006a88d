"""`./bench doctor`: what this machine is, what holds here, what would spoil a run; which results are out of date."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness import block, prepare, staleness
from harness.catalog import ROOT
from harness.cli import options, steps
from harness.cli.output import document, results
from harness.cli.places import LOCAL, Where, looked_at
from harness.hosts.base import Host
from harness.model import Enforcement, Placement
from harness.prepare import Asked

_UNITS = {"bytes": "bytes", "s": "s", "per_s": "per second"}


def doctor(
    *, host: options.MeasuredHost = LOCAL, known_hosts: options.KnownHosts = None, json: options.Json = False
) -> None:
    """Look at the machine: what it is, which limits hold, what would spoil a run; and which results are out of date."""
    with steps.logs() as logs, looked_at(Where(host, known_hosts)) as machine:
        facts: dict[str, Any] = dict(machine.fingerprint())
        limits = _limits(machine, logs)
        spoilers = (*_spoilers(machine.placement), *steps.look_at_machine(machine))
    stale = tuple(staleness.stale(ROOT, steps.is_derived))
    facts |= {"placement": machine.placement.model_dump(mode="json"), "limits": limits.model_dump(mode="json")}
    if json:
        document(json_format.dumps(facts | {"spoilers": spoilers, "stale": stale}, indent=1))
        return
    for name, fact in told(facts):
        results.print(f"{name:<32} {fact}", soft_wrap=True)
    results.print("", *(spoilers or ["nothing found that would spoil a run"]), sep="\n", soft_wrap=True)
    results.print("", *(stale or ["every committed result was made by today's code"]), sep="\n", soft_wrap=True)


def told(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Facts of facts as pairs of text, one for each: what it is called, and what it is."""
    for key, fact in facts.items():
        if isinstance(fact, Mapping):
            yield from told(fact, f"{before}{key.replace('_', ' ')}: ")
        else:
            name, unit = _unit(key)
            yield f"{before}{name}", _said(fact) + (f" {unit}" if unit and fact is not None else "")


def _unit(key: str) -> tuple[str, str]:
    """A name and the unit that ends it, if one does."""
    for ending, unit in sorted(_UNITS.items(), key=lambda pair: -len(pair[0])):
        if key.endswith(f"_{ending}"):
            return key.removesuffix(f"_{ending}").replace("_", " "), unit
    return key.replace("_", " "), ""


def _said(fact: Any) -> str:
    match fact:
        case None:
            return "not known here"
        case bool():
            return "yes" if fact else "no"
        case list() | tuple():
            return ", ".join("+".join(map(str, one)) if isinstance(one, list) else _said(one) for one in fact)
        case int():
            return f"{fact:,}"
        case float():
            return f"{fact:,.3g}" if abs(fact) < 1 else f"{fact:,.2f}"
    return str(fact)


def _limits(host: Host, logs: Path) -> Enforcement:
    """What the kernel says holds for a server: `null`, launched for a moment. Raises LaunchError."""
    asked = Asked(contenders=["null"])
    entry = prepare.enter(asked)
    field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, logs)
    with block.launch(field, "null", "null.log") as server:
        return server.launched.enforcement


def _spoilers(placement: Placement) -> Iterator[str]:
    if not placement.owns_core:
        yield "The generator shares a core with the servers: every number will be CLIENT-BOUND."
