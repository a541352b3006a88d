"""Makes a machine fit for measuring, with pyinfra: what is as it should be already is left alone.

One JSON order on standard input (see `Order`), one JSON answer on standard output (see `Done`). It runs in a process of
its own: pyinfra patches it for gevent.
"""

import io
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pyinfra import host
from pyinfra.api import Config, Inventory, State, operation
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.facts.files import File
from pyinfra.operations import apt, files, server
from through import ThroughSsh

PACKAGES = ["python3", "python3-venv"]
"""What environments are made with. All else that a contender needs comes from its lock."""

SYSCTLS = {
    # A listener's queue is cut to this: every connection of a plan is opened in the same few milliseconds.
    "net.core.somaxconn": "16384",
    "net.ipv4.tcp_max_syn_backlog": "16384",
    # A worker that closes after each answer uses up a port for each, which then rests for a minute.
    "net.ipv4.ip_local_port_range": "15000 60999",
    "net.ipv4.tcp_tw_reuse": "1",
    # Connections rest while others are measured. The first answers after that must not be slower than the next.
    "net.ipv4.tcp_slow_start_after_idle": "0",
}
SYSCTL_FILE = "/etc/sysctl.d/60-rematch.conf"

LIMITS_FILE = "/etc/security/limits.d/60-rematch.conf"
LIMITS = """# 10,000 connections in one process, and what it opens beside them. A star does not mean root.
*    soft nofile 65536
*    hard nofile 524288
root soft nofile 65536
root hard nofile 524288
"""

Step = tuple[str, Callable[..., Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Order:
    """What is to be as it should, on the host that `ssh`, words to which a command is added, reaches.

    `system`: what is the whole machine's, with `sudo` or as root; `packages`: those that environments need, too.
    `environments`: of which lock (there) each is made (there), by `python` and a `uv` that is made of `uv_lock` first.
    """

    name: str
    ssh: list[str]
    system: bool = False
    sudo: bool = False
    packages: bool = False
    environments: Mapping[str, str] | None = None
    python: str = ""
    uv: str = ""
    uv_lock: str = ""


@dataclass(frozen=True)
class Done:
    """What was changed; what the machine does not allow to be changed; what failed, and its last words."""

    changed: list[str]
    refused: list[str]
    failed: str | None
    said: str


@operation()
def made(place: str, commands: list[str]) -> Iterator[str]:
    """A folder that is whole: once commands have made it, it is never touched again."""
    if host.get_fact(File, path=f"{place}/.complete"):
        host.noop(f"{place} is there")
        return
    folder = shlex.quote(place)
    yield f"rm -rf {folder} && mkdir -p {folder}"
    yield from commands
    yield f"touch {folder}/.complete"


def steps(order: Order) -> Iterator[Step]:
    """All that an order comes to, one after the other."""
    if order.packages:
        yield "packages", apt.packages, {"packages": PACKAGES, "update": True, "_sudo": order.sudo}
    if order.system:
        yield "file limits", files.put, {"src": io.StringIO(LIMITS), "dest": LIMITS_FILE, "mode": "644", **_root(order)}
        yield "a place for settings", files.file, {"path": SYSCTL_FILE, "mode": "644", **_root(order)}
        for key, value in SYSCTLS.items():
            setting = {"key": key, "value": value, "persist": True, "persist_file": SYSCTL_FILE}
            yield f"{key} = {value}", server.sysctl, {**setting, **_root(order)}
    if order.environments:
        yield "uv", made, {"place": order.uv, "commands": _uv(order)}
        for place, lock in order.environments.items():
            yield place.rpartition("/")[2], made, {"place": place, "commands": _environment(order, place, lock)}


def _root(order: Order) -> dict[str, Any]:
    """What a container may not set is no reason to measure nothing: it is said."""
    return {"_sudo": order.sudo, "_ignore_errors": True}


def _uv(order: Order) -> list[str]:
    """By pip, once, from the harness's own lock."""
    folder, python = shlex.quote(order.uv), shlex.quote(order.python)
    pip = f"{folder}/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r {folder}/uv.lock"
    return [f"{python} -m venv {folder}", f"printf %s {shlex.quote(order.uv_lock)} >{folder}/uv.lock", pip]


def _environment(order: Order, place: str, lock: str) -> list[str]:
    """As it is made on a machine of one's own (harness/environments.py)."""
    uv, folder = f"UV_SYSTEM_CERTS=1 {shlex.quote(order.uv)}/bin/uv", shlex.quote(place)
    install = f"{uv} pip install --quiet --compile-bytecode --require-hashes --python {folder}/bin/python"
    return [
        f"{uv} venv --quiet --allow-existing --python {shlex.quote(order.python)} {folder}",
        f"{install} -r {shlex.quote(lock)}",
    ]


def done(order: Order) -> Done:
    """Do it."""
    state = _connected(order)
    planned = list(steps(order))
    found = [(name, meta) for name, op, told in planned for meta in add_op(state, op, name=name, **told).values()]
    with suppress(PyinfraError):  # it says only that something failed; what did says so itself
        run_ops(state)
    disconnect_all(state)
    forgiven = {name for name, _, told in planned if told.get("_ignore_errors")}
    wrong = {name: meta.stderr for name, meta in found if meta.is_complete() and not meta.did_succeed()}
    failed = next((name for name in wrong if name not in forgiven), None)
    return Done(
        changed=[name for name, meta in found if meta.is_complete() and meta.did_change()],
        refused=[name for name in wrong if name in forgiven],
        failed=failed,
        said=wrong.get(failed, ""),
    )


def _connected(order: Order) -> State:
    inventory = Inventory(([(order.name, {"rematch_ssh": order.ssh})], {}))
    for one in inventory:
        one.connector_cls = ThroughSsh
    state = State(inventory, Config())
    connect_all(state)
    return state


def main() -> None:
    """One order. What pyinfra itself prints is for the log."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with answer:
        json.dump(asdict(done(Order(**json.load(sys.stdin)))), answer)


if __name__ == "__main__":
    main()
