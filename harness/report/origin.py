"""Where the numbers come from: host, date, load, limits and versions, in one line or as a list of facts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from harness.model import Enforcement, Member, Plan, ResultSet, RunHead
from harness.report import escape
from harness.report import format as written


def circumstances(head: RunHead, connections: str = "", scenarios: str = "") -> str:
    """Host, day, load and line-up in one line of plain text; of several runs, with all `connections` or `scenarios`."""
    asked = scenarios or f"scenario {escape.plain(head.scenario.name)}"
    return " · ".join(
        (
            cpu(head),
            f"{written.date(head.created_at)} UTC",
            f"{connections or head.plan.connections} connections, {_generator(head.plan)}",
            f"{_blocks(head)}, line-up {escape.plain(head.plan.lineup)}, {asked}",
        )
    )


def versions(head: RunHead) -> str:
    """Every package that was served, once; where contenders differ, each version."""
    found: dict[str, list[str]] = {}
    for member in head.members:
        for package, version in sorted(member.versions.items()):
            found.setdefault(escape.plain(package), []).append(escape.plain(version))
    return ", ".join(f"{package} {' and '.join(dict.fromkeys(found[package]))}" for package in sorted(found))


def cpu(head: RunHead) -> str:
    """The processor's name and how many of its CPUs there were, as far as they are known."""
    identity = head.fingerprint.identity
    model = escape.plain(str(identity.get("cpu_model") or "unknown CPU"))
    cpus = identity.get("cpus")
    return f"{model}, {len(cpus)} CPUs" if isinstance(cpus, list | tuple) else model


def limits(result_set: ResultSet) -> str:
    """What the servers were limited to, and whether the kernel says that it held; each different finding once."""
    launched = (server.launched for block in result_set.blocks for server in block.servers.values())
    found = dict.fromkeys(_limit(server.enforcement) for server in launched if server)
    return "; ".join(found) or "nothing was launched"


def facts(result_set: ResultSet) -> Iterator[tuple[str, str]]:
    """Name and value of the plan, of all that must agree between comparable runs, and of the moment; JSON inside."""
    head = result_set.head
    yield "run", escape.plain(head.name)
    yield "made", written.moment(head.created_at)
    if head.command is not None:
        yield "command", escape.plain(shlex.join(("./bench", *head.command)))
    yield "limits", limits(result_set)
    yield "waiting", f"the {_generator(head.plan)}"
    for block in [block for block in result_set.finished if block.services][:1]:
        yield "services, in the first block", _shown(block.services.facts if block.services else None)
    yield "plan", _shown(head.plan.model_dump(mode="json"))
    for source in (head.fingerprint.identity, head.fingerprint.moment, head.digests):
        for name, value in source.items():
            yield escape.plain(name), _shown(value)


def command(member: Member) -> str:
    """The command line as one would type it; what stands in braces is filled in at launch."""
    return escape.plain(shlex.join(member.command))


def _generator(plan: Plan) -> str:
    """How many there are, if several, and what they do while they wait."""
    count = plan.load_processes
    return f"{count} generators {plan.wait}" if count > 1 else f"generator {plan.wait}s"


def _limit(enforcement: Enforcement) -> str:
    asked = enforcement.asked
    cpus = f"CPU{'' if len(asked.cpus) == 1 else 's'} {', '.join(map(str, asked.cpus))}"
    memory = "" if asked.memory_bytes is None else f", {written.memory(asked.memory_bytes)}"
    quota = "" if asked.cpu_quota is None else f", {asked.cpu_quota:g} CPUs of time"
    held = "held" if enforcement.enforced else "not enforced"
    return f"{escape.plain(enforcement.mechanism)}, {cpus}{memory}{quota}: {held}"


def _blocks(head: RunHead) -> str:
    return f"{head.plan.blocks} block{'' if head.plan.blocks == 1 else 's'}"


def _shown(value: Any) -> str:
    return escape.plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
