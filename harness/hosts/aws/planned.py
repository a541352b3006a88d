"""The machines of infra/stack.yaml as a host, before there are any: for a dry run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from harness.environments import LocalEnvironments
from harness.errors import HostError
from harness.hosts.agent import AgentHost
from harness.hosts.base import Environments
from harness.hosts.link import Link
from harness.model import Placement

_NOTHING_MADE = Path(os.devnull) / "environments"


class PlannedHost(AgentHost):
    """It says only who would run where, and what would be installed; whatever else it is asked raises HostError."""

    def __init__(self) -> None:
        super().__init__()
        self._placement = Placement(server_cpus=(0, 1), generator_cpus=(0, 1), owns_core=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing runs."""

    @property
    def environments(self) -> Environments:
        return LocalEnvironments(_NOTHING_MADE)

    @property
    def _link(self) -> Link:
        raise _absent()


def _absent() -> HostError:
    return HostError("These machines are not there yet.", "./bench host up makes them; then say --host aws:NAME.")
