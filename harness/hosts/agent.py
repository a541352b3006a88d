"""What a host with an agent is, however the agent is reached: one launch is one order, and its end is one more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import HostError, LaunchError
from harness.hosts.base import NOTHING_MORE
from harness.hosts.link import Link
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

SOON_S = 30.0
_WRITTEN_OUT_S = 300.0
_COMPARED = {"status", "media_type", "json_body"}  # by the agent, of the first answer


class AgentServer:
    """A server that an agent has launched. `killed` tells, once it has ended, whether SIGKILL was needed."""

    def __init__(self, launched: Launched, link: Link) -> None:
        self.launched = launched
        self.killed: bool | None = None
        self._link = link

    def door(self) -> tuple[str, int]:
        return self.launched.host, self.launched.port

    def usage(self) -> Usage:
        return Usage.model_validate(self._link.ask("usage", SOON_S, LaunchError, pid=self.launched.pid))

    def cpu_s(self) -> float:
        return float(self._link.ask("cpu", SOON_S, LaunchError, pid=self.launched.pid)["cpu_s"])

    def imports(self) -> tuple[Import, ...]:
        told = self._link.ask("imports", SOON_S, LaunchError, pid=self.launched.pid)
        return tuple(map(Import.model_validate, told))

    def stop(self) -> None:
        """End its process tree, if it has not been. With an agent that is out of step, the agent's end does it."""
        if self._link.in_step and self.killed is None:
            self.killed = self._link.ask("stop", SOON_S, LaunchError, pid=self.launched.pid)["killed"]


@dataclass(frozen=True)
class There:
    """What the host calls a contender's things: the folder of its app, its interpreter, its log; where it listens."""

    folder: str
    python: str
    log: str
    address: str


class AgentHost:
    """What is the same here and elsewhere. Inside its context an agent runs; after it neither that nor any server.

    `grace_s`: from SIGTERM to SIGKILL.
    """

    def __init__(self, *, grace_s: float = 5.0) -> None:
        self._grace_s = grace_s
        self._open_link: Link | None = None
        self._placement: Placement | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    @property
    def agent_pid(self) -> int:
        """The process id of the agent, or of what leads to it."""
        return self._link.pid

    @property
    def placement(self) -> Placement:
        if self._placement is None:
            raise _closed()
        return self._placement

    def topology(self) -> Mapping[str, Any]:
        """Its `cpus`, and its `siblings`: the threads of each core, or None."""
        found: Mapping[str, Any] = self._link.ask("topology", SOON_S)
        return found

    def fingerprint(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self._link.ask("fingerprint", SOON_S)
        return facts

    def reading(self) -> MachineReading:
        return MachineReading.model_validate(self._link.ask("reading", SOON_S))

    def drop_page_cache(self) -> None:
        self._ready()
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
    ) -> Iterator[AgentServer]:
        self._ready()
        with self._found(contender, python, log) as there:
            told = order(contender, there, first, limits, timeout_s, self._environment())
            told["environment"] |= environment
            facts = self._link.ask("launch", timeout_s + self._grace_s + SOON_S, LaunchError, **told)
            said = {"contender": contender.label, **facts, "log": str(log.absolute())}
            server = self._server(Launched.model_validate(said), self._link)
            try:
                yield server
            finally:
                server.stop()

    @property
    def _link(self) -> Link:
        if self._open_link is None:
            raise _closed()
        return self._open_link

    def _ready(self) -> None:
        """Called before anything begins: what can be mended then is."""

    def _found(self, contender: Contender, python: Path, log: Path) -> AbstractContextManager[There]:
        """Where a launch finds its things. On leaving, `log` holds what was logged."""
        raise NotImplementedError

    def _server(self, launched: Launched, link: Link) -> AgentServer:
        return AgentServer(launched, link)

    def _environment(self) -> dict[str, str]:
        """What everything gets there; nothing of the caller's leaks in (METHOD.md 5)."""
        raise NotImplementedError


def plain_environment(home: str) -> dict[str, str]:
    """What every process of ours gets, wherever it runs."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"}


def order(
    contender: Contender, there: There, first: Request, limits: Limits, timeout_s: float, plain: Mapping[str, str]
) -> dict[str, Any]:
    """What the agent is told: see its `server.Order`. `plain` is the environment that everything gets there."""
    deployment = contender.deployment
    path = f"{Path(there.python).parent}:{plain['PATH']}"
    return {
        "name": contender.label,
        "command": deployment.command,
        "words": _words(deployment, there, limits),
        "environment": {**plain, "PATH": path, **deployment.environment},
        "folder": there.folder,
        "log": there.log,
        "host": there.address,
        "question": {"method": first.method, "path": first.path, **first.expect.model_dump(include=_COMPARED)},
        "limits": limits.model_dump(),
        "timeout_s": timeout_s,
    }


def _words(deployment: Deployment, there: There, limits: Limits) -> dict[str, str]:
    """What a deployment's command may name, but for {host} and {port}, which are found at launch."""
    return {
        "python": there.python,  # not resolved: the link itself is what makes it the app's environment
        "bin": str(Path(there.python).parent),
        "workers": str(deployment.workers or len(limits.cpus)),
        "threads": str(deployment.threads),
        "app": there.folder,
    }


def _closed() -> HostError:
    return HostError("The host is not open.", "Use it as a context manager.")
