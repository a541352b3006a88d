"""Orders to `infra/provision`, which makes a host fit for measuring; pyinfra lives in that process only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import HostError
from harness.hosts import refusals
from harness.hosts.openssh import Connection
from harness.hosts.survey import Survey

_ROOT = Path(__file__).resolve().parent.parent.parent
_PROGRAM = _ROOT / "infra" / "provision" / "main.py"
_RUN_LOCK = _ROOT / "requirements" / "run.lock"
_WITHIN_S = 1800.0
_OURS = {"PYTHONPATH", "PYTHONSAFEPATH"}  # `bench` sets them; a program finds its own modules without

LIMITS = "file limits"
"""What `infra/provision` calls the step that logins notice."""


def see_to_system(connection: Connection, found: Survey) -> Mapping[str, Any]:
    """Packages if Python lacks; file limits and kernel settings, where we are root or become it unasked.

    Returns what was changed and what the machine refused. Raises HostError.
    """
    order = {"packages": found.python is None and found.has_apt and _may(found), "system": _may(found)}
    return _done(connection, found, order) if _may(found) else {"changed": [], "refused": ["it has no root for us"]}


def make_environments(connection: Connection, found: Survey, locks: Mapping[str, str]) -> Mapping[str, Any]:
    """Environments by their places, each of a lock that is there already. Raises HostError."""
    line = _uv_line()
    version = line.partition("==")[2].split()[0]
    uv = {"uv": f"{found.base}/environments/uv-{version}-{found.version}", "uv_lock": line}
    return _done(connection, found, {"environments": dict(locks), "python": found.python, **uv})


def _may(found: Survey) -> bool:
    return found.is_root or found.may_sudo


def _done(connection: Connection, found: Survey, order: Mapping[str, Any]) -> Mapping[str, Any]:
    words = {"name": connection.name, "ssh": connection.plain_words(), "sudo": not found.is_root}
    try:
        asked = _asked(json.dumps({**words, **order}).encode())
    except subprocess.TimeoutExpired as error:
        raise HostError(
            f"`{connection.name}` could not be made fit within {_WITHIN_S:g} s.", "Is it online?"
        ) from error
    said = asked.stderr.decode(errors="replace")
    if not connection.is_open:
        raise refusals.lost(connection.name, said)
    if asked.returncode:
        raise HostError(f"`{connection.name}` could not be made fit: pyinfra failed.", said.strip()[-300:])
    told: Mapping[str, Any] = json.loads(asked.stdout)
    if told["failed"]:
        raise refusals.failure(connection.name, f"making `{told['failed']}`", told["said"])
    return told


def _asked(order: bytes) -> subprocess.CompletedProcess[bytes]:
    """What the program says. It is ended with all that it has started: also by Ctrl-C, and after too long a time."""
    command = [sys.executable, str(_PROGRAM)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name not in _OURS},
    ) as running:
        try:
            out, said = running.communicate(order, _WITHIN_S)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, running.returncode, out, said)


@cache
def _uv_line() -> str:
    """What the harness's own lock says of uv: its version and hashes."""
    lines = _RUN_LOCK.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    return "\n".join(lines[start : end + 1]) + "\n"
