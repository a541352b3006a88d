"""Makes the keys of a stack: one to log in with, and one for each machine to prove that it is itself.

A machine gets its host key from its user data, over AWS's own authenticated way, so what it must show is known before
it exists and nothing is trusted at first sight. Its console would tell a key as well, but some minutes later, and not
before somebody could have stood in between. Whoever runs on that machine can read its user data: the key is good for
this one machine, and for as long as it lives.
"""

from __future__ import annotations

import base64
import json
import math
import subprocess
import time
from calendar import timegm
from collections.abc import Mapping
from pathlib import Path

from harness.errors import HostError

USER = "admin"  # Debian's images have this one
ROLES = ("apps", "load")
IDENTITY = "identity"
KNOWN_HOSTS = "known_hosts"
_CALENDAR = "%Y-%m-%d %H:%M:%S UTC"
_SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/systemctl poweroff\n"
_TIMER = "[Timer]\nOnCalendar={at}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"


def make(folder: Path) -> None:
    """Make all keys in a new folder that only its owner may enter. Raises HostError."""
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name in (IDENTITY, *ROLES):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rematch", "-f", str(folder / name)]
            subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise HostError("There is no ssh-keygen here.", "Install OpenSSH's client (openssh-client).") from error
    except subprocess.CalledProcessError as error:
        raise HostError(f"No key could be made: {error.stderr.strip()}", f"Is there room in {folder}?") from error
    except OSError as error:
        raise HostError(f'"{folder}" cannot be written: {error.strerror}.', "Clone Rematch elsewhere.") from error


def user_data(folder: Path, role: str, expires_at: float) -> str:
    """What a machine is told at its first start (cloud-init's own format), in base 64, as AWS wants it."""
    told = {
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": _text(folder / role), "ed25519_public": _text(folder / f"{role}.pub")},
        "ssh_authorized_keys": [_text(folder / f"{IDENTITY}.pub").strip()],
        "write_files": [
            {"path": "/etc/systemd/system/rematch-expiry.service", "content": _SERVICE},
            {"path": "/etc/systemd/system/rematch-expiry.timer", "content": _TIMER.format(at=calendar(expires_at))},
        ],
        "runcmd": [["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", "rematch-expiry.timer"]],
    }
    return base64.b64encode(f"#cloud-config\n{json.dumps(told)}".encode()).decode()


def write_known_hosts(folder: Path, addresses: Mapping[str, str]) -> None:
    """Which key each role's machine must show, in OpenSSH's format."""
    lines = [f"{address} {' '.join(_text(folder / f'{role}.pub').split()[:2])}" for role, address in addresses.items()]
    (folder / KNOWN_HOSTS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def calendar(at: float) -> str:
    """A moment as systemd's calendar and people read it."""
    return time.strftime(_CALENDAR, time.gmtime(at))


def seconds_until(moment: str) -> float:
    """From now to such a moment; endless where nobody knows when that is."""
    try:
        return timegm(time.strptime(moment, _CALENDAR)) - time.time()
    except ValueError:
        return math.inf


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
