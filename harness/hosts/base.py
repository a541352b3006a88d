"""The seam to a measured host: `launch` gives a running, correctly answering server as a context manager."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from harness.model import Contender, Launched, Limits, MachineReading, Placement, Request, Usage


class Server(Protocol):
    """A launched contender. Leaving its context ends its whole process tree."""

    launched: Launched

    def usage(self) -> Usage:
        """What its process tree has used so far. Raises LaunchError when the server is gone."""


class Host(Protocol):
    """A place where contenders are launched. Leaving its context ends every server it launched."""

    @property
    def placement(self) -> Placement:
        """Which of its CPUs the servers get, and which the generator."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Machine facts, as two mappings: "identity" and "moment" (METHOD.md 7)."""

    def reading(self) -> MachineReading:
        """CPU time of the whole machine, now."""

    def launch(
        self, contender: Contender, python: Path, first: Request, limits: Limits, log: Path, timeout_s: float
    ) -> AbstractContextManager[Server]:
        """Spawn `contender` and wait until it answers `first` correctly. Raises LaunchError."""
