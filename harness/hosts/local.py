"""This machine as a host: the agent is a subprocess of the harness."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import HostError, LaunchError
from harness.hosts.base import NOTHING_MORE
from harness.hosts.link import Link
from harness.hosts.placement import place
from harness.model import (
    Contender,
    Deployment,
    Import,
    Launched,
    Limits,
    MachineReading,
    Placement,
    Request,
    Usage,
)

ADDRESS = "127.0.0.1"
_AGENT_FOLDER = Path(__file__).resolve().parent.parent
_SOON_S = 30.0
_WRITTEN_OUT_S = 300.0


class LocalServer:
    """A server on this machine. `killed` tells, once it has ended, whether SIGKILL was needed; None before."""

    def __init__(self, launched: Launched, link: Link) -> None:
        self.launched = launched
        self.killed: bool | None = None
        self._link = link

    def usage(self) -> Usage:
        return Usage.model_validate(self._link.ask("usage", _SOON_S, LaunchError, pid=self.launched.pid))

    def cpu_s(self) -> float:
        return float(self._link.ask("cpu", _SOON_S, LaunchError, pid=self.launched.pid)["cpu_s"])

    def imports(self) -> tuple[Import, ...]:
        told = self._link.ask("imports", _SOON_S, LaunchError, pid=self.launched.pid)
        return tuple(map(Import.model_validate, told))

    def stop(self) -> None:
        """End its process tree, if it has not been. With an agent that is out of step, the agent's end does it."""
        if self._link.in_step and self.killed is None:
            self.killed = self._link.ask("stop", _SOON_S, LaunchError, pid=self.launched.pid)["killed"]


class LocalHost:
    """A context manager: inside it the agent runs; after it neither the agent nor any server does.

    The agent itself stays on the generator's CPUs, away from the servers. `exclusive`: while it is open no other run
    may measure on this machine (none that uses the same `lock`: REMATCH_LOCK, which only tests set); entering raises
    HostError if one does. `grace_s`: from SIGTERM to SIGKILL.
    """

    def __init__(self, *, exclusive: bool = False, grace_s: float = 5.0, lock: str | None = None) -> None:
        self._exclusive = exclusive
        self._lock = lock or os.environ.get("REMATCH_LOCK", "rematch-measuring")
        self._grace_s = grace_s
        self._open_link: Link | None = None
        self._placement: Placement | None = None

    def __enter__(self) -> Self:
        self._open_link = Link(self._agent_command(), {**_plain_environment(), "PYTHONPATH": str(_AGENT_FOLDER)})
        try:
            if self._exclusive:
                self._link.ask("exclude", _SOON_S, name=self._lock)
            self._placement = place(**self._link.ask("topology", _SOON_S))
            self._link.ask("pin", _SOON_S, cpus=self._placement.generator_cpus)
        except BaseException:
            self._link.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    @property
    def agent_pid(self) -> int:
        """The agent's process id."""
        return self._link.pid

    @property
    def placement(self) -> Placement:
        if self._placement is None:
            raise _closed()
        return self._placement

    def fingerprint(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self._link.ask("fingerprint", _SOON_S)
        return facts

    def reading(self) -> MachineReading:
        return MachineReading.model_validate(self._link.ask("reading", _SOON_S))

    def drop_page_cache(self) -> None:
        self._link.ask("drop_page_cache", _WRITTEN_OUT_S)

    @contextmanager
    def launch(
        self,
        contender: Contender,
        python: Path,
        first: Request,
        limits: Limits,
        log: Path,
        timeout_s: float,
        environment: Mapping[str, str] = NOTHING_MORE,
    ) -> Iterator[LocalServer]:
        order = _order(contender, python, first, limits, log, timeout_s)
        order["environment"] |= environment
        facts = self._link.ask("launch", timeout_s + self._grace_s + _SOON_S, LaunchError, **order)
        server = LocalServer(Launched.model_validate({"contender": contender.label, **facts}), self._link)
        try:
            yield server
        finally:
            server.stop()

    @property
    def _link(self) -> Link:
        if self._open_link is None:
            raise _closed()
        return self._open_link

    def _agent_command(self) -> tuple[str, ...]:
        # -P: a folder named `agent` in the current directory is not ours.
        return (sys.executable, "-P", "-m", "agent", "--owner", str(os.getpid()), "--grace", str(self._grace_s))


def _closed() -> HostError:
    return HostError("The host is not open.", "Use it as a context manager.")


def _order(
    contender: Contender, python: Path, first: Request, limits: Limits, log: Path, timeout_s: float
) -> dict[str, Any]:
    """What the agent is told: see its `server.Order`."""
    deployment = contender.deployment
    return {
        "name": contender.label,
        "command": deployment.command,
        "words": _words(contender, python, limits),
        "environment": _environment(deployment, python),
        "folder": str(contender.app.folder),
        "log": str(log.absolute()),
        "host": ADDRESS,
        "question": {"method": first.method, "path": first.path, **first.expect.model_dump(exclude={"headers"})},
        "limits": limits.model_dump(),
        "timeout_s": timeout_s,
    }


def _words(contender: Contender, python: Path, limits: Limits) -> dict[str, str]:
    """What a deployment's command may name, but for {host} and {port}, which are found at launch."""
    deployment = contender.deployment
    return {
        "python": str(python.absolute()),  # not resolved: the link itself is what makes it the app's environment
        "bin": str(python.absolute().parent),
        "workers": str(deployment.workers or len(limits.cpus)),
        "threads": str(deployment.threads),
        "app": str(contender.app.folder),
    }


def _environment(deployment: Deployment, python: Path) -> dict[str, str]:
    """All that the server gets: nothing of the caller's leaks in (METHOD.md 5)."""
    plain = _plain_environment()
    return {**plain, "PATH": f"{python.absolute().parent}:{plain['PATH']}", **deployment.environment}


def _plain_environment() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": _home(), "LANG": "C.UTF-8"}


def _home() -> str:
    """A user of a container may have no entry in passwd, and so no home."""
    try:
        return str(Path.home())
    except RuntimeError:
        return "/"
