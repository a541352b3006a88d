"""Waits until a new machine answers over SSH, shows the key that it was given, and has set itself up."""

from __future__ import annotations

import time
from pathlib import Path

from harness.errors import HostError
from harness.hosts.aws import keys
from harness.hosts.aws.stacks import Machine, Stack
from harness.hosts.openssh import Connection, SshAddress

READY = "cloud-init status --wait >/dev/null || [ $? -eq 2 ]"  # 2: done, with something to complain of
_WITHIN_S = 300.0
_SET_UP_WITHIN_S = 600.0
_AGAIN_S = 3.0


def address(machine: Machine, folder: Path) -> SshAddress:
    """How to log in: with the keys of its stack, which lie in `folder`, and no others."""
    return SshAddress(machine.public, keys.USER, key=folder / keys.IDENTITY, known_hosts=folder / keys.KNOWN_HOSTS)


def reach(stack: Stack, folder: Path) -> None:
    """Wait for both machines. Raises HostError."""
    for machine in stack.machines.values():
        await_ready(address(machine, folder), READY, _WITHIN_S)


def await_ready(to: SshAddress, ready: str, within_s: float) -> None:
    """Log in as soon as that is possible, and wait for the end of `ready`. Raises HostError.

    A machine that shows another key than it was given is refused at once: waiting would not mend that.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            with Connection(to) as connection:
                connection.run(ready, within_s=_SET_UP_WITHIN_S, what="the set-up of a new machine")
                return
        except HostError as error:
            if "host key" in error.message or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
