"""Waits until a new machine answers over SSH, shows the key that it was given, and has set itself up."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HostError
from harness.hosts.aws import keys
from harness.hosts.aws.stacks import Stack

READY = ("cloud-init", "status", "--wait")
_WITHIN_S = 300.0
_AGAIN_S = 3.0
_NO_CONNECTION = 255  # what ssh says of itself; anything else is the command's word


def reach(stack: Stack, folder: Path) -> None:
    """Wait for both machines. Raises HostError."""
    for machine in stack.machines.values():
        answered(command(folder, f"{keys.USER}@{machine.public}", READY), _WITHIN_S)


def answered(command: Sequence[str], within_s: float) -> None:
    """Call it until it connects. Raises HostError at once where the machine shows another key."""
    deadline = time.monotonic() + within_s
    while (tried := subprocess.run(command, capture_output=True, text=True, check=False)).returncode == _NO_CONNECTION:
        said = tried.stderr.strip() or "nothing was said"
        if "verification failed" in said:
            raise HostError(
                f"The machine shows another key than it was given: {said}", "Somebody may stand in between."
            )
        if time.monotonic() > deadline:
            raise HostError(f"No SSH within {within_s:.0f} s: {said}", "Does a firewall here keep port 22 in?")
        time.sleep(_AGAIN_S)


def command(folder: Path, address: str, words: Sequence[str], port: int = 22) -> list[str]:
    """OpenSSH's client with these keys and no others, and nothing of its user's configuration."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "5",
        "IdentitiesOnly": "yes",
        "IdentityFile": f'"{folder / keys.IDENTITY}"',
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": f'"{folder / keys.KNOWN_HOSTS}"',
        "GlobalKnownHostsFile": "/dev/null",
    }
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "/dev/null", *given, "-p", str(port), address, "--", *words]
