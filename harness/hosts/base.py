"""The seam to a measured host: `launch` gives a running, correctly answering server as a context manager."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from harness.model import Contender, Import, Launched, Limits, MachineReading, Placement, Request, Usage

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


class Server(Protocol):
    """A launched contender. Leaving its context ends its whole process tree."""

    launched: Launched

    def usage(self) -> Usage:
        """What its process tree has used so far. Raises LaunchError when the server is gone."""

    def cpu_s(self) -> float:
        """The CPU time of its process tree so far: what `usage` says of it, at little cost. Raises LaunchError."""

    def imports(self) -> tuple[Import, ...]:
        """Every module that its processes have told of importing; none, if it was not launched to tell."""


class Host(Protocol):
    """A place where contenders are launched. Leaving its context ends every server it launched."""

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
