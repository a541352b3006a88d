"""This machine as a host: the agent is a subprocess of the harness."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from harness.environments import LocalEnvironments
from harness.hosts.agent import SOON_S, AgentHost, There, plain_environment
from harness.hosts.base import Environments
from harness.hosts.link import Link
from harness.hosts.placement import place
from harness.model import Contender

ADDRESS = "127.0.0.1"
_AGENT_FOLDER = Path(__file__).resolve().parent.parent


class LocalHost(AgentHost):
    """A context manager: inside it the agent runs; after it neither the agent nor any server does.

    The agent itself stays on the generator's CPUs, away from the servers. `exclusive`: while it is open no other run
    may measure on this machine (none that uses the same `lock`: REMATCH_LOCK, which only tests set); entering raises
    HostError if one does. `grace_s`: from SIGTERM to SIGKILL.
    """

    def __init__(self, *, exclusive: bool = False, grace_s: float = 5.0, lock: str | None = None) -> None:
        super().__init__(grace_s=grace_s)
        self._exclusive = exclusive
        self._lock = lock or lock_name()

    def __enter__(self) -> Self:
        environment = {**self._environment(), "PYTHONPATH": str(_AGENT_FOLDER)}
        self._open_link = Link(self._agent_command(), environment)
        try:
            if self._exclusive:
                self._link.ask("exclude", SOON_S, name=self._lock)
            self._placement = place(**self.topology())
            self._link.ask("pin", SOON_S, cpus=self._placement.generator_cpus)
        except BaseException:
            self._link.close()
            raise
        return self

    @property
    def environments(self) -> Environments:
        return LocalEnvironments()

    @contextmanager
    def _found(self, contender: Contender, python: Path, log: Path) -> Iterator[There]:
        yield There(str(contender.app.folder), str(python.absolute()), str(log.absolute()), ADDRESS)

    def _environment(self) -> dict[str, str]:
        return plain_environment(_home())

    def _agent_command(self) -> tuple[str, ...]:
        # -P: a folder named `agent` in the current directory is not ours.
        return (sys.executable, "-P", "-m", "agent", "--owner", str(os.getpid()), "--grace", str(self._grace_s))


def lock_name() -> str:
    """What a run holds that measures, for as long as it does."""
    return os.environ.get("REMATCH_LOCK", "rematch-measuring")


def _home() -> str:
    """A user of a container may have no entry in passwd, and so no home."""
    try:
        return str(Path.home())
    except RuntimeError:
        return "/"
