"""The machine that serves the apps, as a host: one behind SSH that also tells of AWS's credits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.hosts.aws.cloud import Cloud
from harness.hosts.aws.credits import latest
from harness.hosts.aws.reaching import address
from harness.hosts.aws.stacks import Stack
from harness.hosts.ssh import SshHost
from harness.model import MachineReading


class AwsHost(SshHost):
    """As SshHost, of a stack that stands. `further`: what SshHost is told."""

    def __init__(self, cloud: Cloud, stack: Stack, **further: Any) -> None:
        super().__init__(address(stack.machines["apps"], cloud.keys_of(stack)), **further)
        self._cloud = cloud
        self._rented = stack

    def fingerprint(self) -> Mapping[str, Any]:
        """AWS's own account of it beside the machine's."""
        facts = super().fingerprint()
        rented = {"rented": {"region": self._cloud.region, "types": dict(self._rented.types)}}
        return {**facts, "identity": {**facts["identity"], **rented}}

    def reading(self) -> MachineReading:
        """With the latest balance of credits, some minutes old: AWS counts every five."""
        found = latest(self._cloud.watch, self._rented.machines["apps"].id)
        return super().reading().model_copy(update={"credits": found})
