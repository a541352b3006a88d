"""What must be known of a host before anything is sent there: one question, asked of its shell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HostError
from harness.hosts.openssh import Connection

_PYTHONS = "python3 python3.14 python3.13 python3.12 python3.11"
_INTERPRETER = """
import ensurepip, json, os, platform, sys, venv
bare = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
print(json.dumps({"python": bare, "version": platform.python_version()}) if sys.version_info >= (3, 11) else "")
"""
_TOLD = {"home", "connection", "system", "machine", "kernel", "processes", "user", "sudo", "apt"}
_SCRIPT = f"""
say() {{ printf '%s=%s\\n' "$1" "$2"; }}
say home "$HOME"
say connection "$SSH_CONNECTION"
say system "$(uname -s)"
say machine "$(uname -m)"
say kernel "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
say processes "$(readlink /proc/self/ns/pid 2>/dev/null)"
say user "$(id -u)"
say sudo "$(sudo -n true 2>/dev/null && echo yes)"
say apt "$(command -v apt-get)"
for name in {_PYTHONS}; do
    found=$("$name" -I -c '{_INTERPRETER}' 2>/dev/null) && [ -n "$found" ] && say interpreter "$found" && break
done
exit 0
"""


@dataclass(frozen=True)
class Survey:
    """Facts of a host. `address` is its own, as it knows it itself. `python` None: none of ours is there."""

    home: str
    address: str
    system: str
    machine: str
    kernel: str
    processes: str
    is_root: bool
    may_sudo: bool
    has_apt: bool
    python: str | None
    version: str | None

    @property
    def base(self) -> str:
        """The folder of all that is kept there between runs."""
        return f"{self.home}/.cache/rematch"

    @property
    def interpreter(self) -> str:
        """What an environment made there hangs on."""
        return f"{self.version} {self.system} {self.machine} {self.python}"

    @property
    def shares_kernel(self) -> bool:
        """Whether it is this machine after all, maybe in a namespace or container of its own."""
        return bool(self.kernel) and self.kernel == _read("/proc/sys/kernel/random/boot_id")

    @property
    def sees_us(self) -> bool:
        """Whether our process ids mean the same there."""
        return self.shares_kernel and self.processes == str(Path("/proc/self/ns/pid").readlink())


def survey(connection: Connection) -> Survey:
    """Look. Raises HostError for what cannot be measured on."""
    told = connection.run(_SCRIPT, what="a look at the host")
    facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    if not facts.keys() >= _TOLD:
        raise HostError(
            f"`{connection.name}` did not say what it is: its shell printed {told[-80:]!r}.",
            "A login there must be able to run commands. Try it by hand: ssh HOST 'echo hello'",
        )
    if facts["system"] != "Linux":
        raise HostError(f"`{connection.name}` runs {facts['system']}.", "Over SSH only Linux is measured.")
    ends = facts["connection"].split()
    if len(ends) < 3:  # noqa: PLR2004  # whence (address, port), whereto (address, port)
        raise HostError(f"`{connection.name}` does not tell its address.", "Its sshd must set SSH_CONNECTION.")
    found = json.loads(facts.get("interpreter", "{}"))
    return Survey(
        home=facts["home"],
        address=ends[2],
        system=facts["system"],
        machine=facts["machine"],
        kernel=facts["kernel"],
        processes=facts["processes"],
        is_root=facts["user"] == "0",
        may_sudo=facts["sudo"] == "yes",
        has_apt=bool(facts["apt"]),
        python=found.get("python"),
        version=found.get("version"),
    )


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
