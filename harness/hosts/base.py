"""The seam to a measured host: `launch` gives a running, correctly answering server as a context manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from harness.model import App, Contender, Import, Launched, Limits, MachineReading, Placement, Request, Usage

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


class Server(Protocol):
    """A launched contender. Leaving its context ends its whole process tree."""

    launched: Launched

    def door(self) -> tuple[str, int]:
        """The address at which the harness itself reaches it. What is timed goes to where it was launched."""

    def usage(self) -> Usage:
        """What its process tree has used so far. Raises LaunchError when the server is gone."""

    def cpu_s(self) -> float:
        """The CPU time of its process tree so far: what `usage` says of it, at little cost. Raises LaunchError."""

    def imports(self) -> tuple[Import, ...]:
        """Every module that its processes have told of importing; none, if it was not launched to tell."""


class Environments(Protocol):
    """Virtual environments of apps, on a host, each made from the lock of its app."""

    def missing(self, apps: Sequence[App]) -> tuple[App, ...]:
        """Those that have yet to be made."""

    def make(self, app: App) -> None:
        """Make one unless it is there. Raises InstallError."""

    def compile_modules(self, app: App) -> None:
        """Make bytecode of the app's own modules, where that may be written."""

    def python(self, app: App) -> Path:
        """The interpreter that runs an app, as the host calls it."""

    def versions(self, app: App) -> Mapping[str, str]:
        """The versions of Python and of the distributions that an app reports. Raises InstallError."""


class Host(Protocol):
    """A place where contenders are launched. Leaving its context ends every server it launched."""

    @property
    def environments(self) -> Environments:
        """Where its apps have what they need."""

    @property
    def placement(self) -> Placement:
        """Which of its CPUs the servers get, and which the generator."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Machine facts, as two mappings: "identity" and "moment" (METHOD.md 7)."""

    def reading(self) -> MachineReading:
        """CPU time of the whole machine, now."""

    def drop_page_cache(self) -> None:
        """Drop what the kernel keeps of files, for the whole machine. Raises HostError where that may not be done."""

    def launch(
        self,
        contender: Contender,
        python: Path,
        first: Request,
        limits: Limits,
        log: Path,
        timeout_s: float,
        environment: Mapping[str, str] = NOTHING_MORE,
    ) -> AbstractContextManager[Server]:
        """Spawn `contender`, with more in its `environment`, and wait until it answers `first` correctly.

        Raises LaunchError.
        """
