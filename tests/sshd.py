"""A real sshd to log in to, with keys of its own: on the loopback, or in a network namespace."""

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.hosts.openssh import SshAddress
from tests.benching import wait_for

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
NEEDED = pytest.mark.skipif(
    SSHD is None or os.getuid() != 0, reason="needs sshd (apt install openssh-server), and root to keep it apart"
)
_KEPT = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "rematch"  # a login asks passwd, not the caller's HOME
_CONFIG = """
Port {port}
ListenAddress {address}
HostKey {keys}/host_key
AuthorizedKeysFile {keys}/id.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv PATH={path}
"""


@dataclass(frozen=True)
class Sshd:
    """Where it is, with which key, and the pid of the one that listens. `cache`: what Rematch keeps there."""

    address: SshAddress
    url: str
    pid: int
    folder: Path
    cache: Path

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def otherwise(self, **changes: Any) -> SshAddress:
        return replace(self.address, **changes)

    def sessions(self) -> list[int]:
        """The processes of those who are logged in."""
        return [pid for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")) if _parent(pid) == self.pid]


@contextmanager
def sshd(
    folder: Path,
    address: str = "127.0.0.1",
    inside: tuple[str, ...] = (),
    cache: Path | None = None,
    room: str | None = None,
    keys: Path | None = None,
) -> Iterator[Sshd]:
    """Whoever logs in sees /etc and ~/.cache/rematch as they are, and leaves nothing in them: they are copies.

    `room`: how much there is for the latter. `keys`: a folder that holds them, or will.
    """
    cache, keys, port = cache or folder / "cache", keys or folder, free_port()
    for place in (folder, cache, folder / "etc", _KEPT, Path("/run/sshd")):
        place.mkdir(parents=True, exist_ok=True)
    for key in ("host_key", "id"):
        if not (keys / key).exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / key], check=True)
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    (folder / "config").write_text(_CONFIG.format(port=port, address=address, keys=keys, path=path))
    (folder / "known_hosts").write_text(f"[{address}]:{port} {(keys / 'host_key.pub').read_text()}")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*inside, "unshare", "--mount", "sh", "-c", _apart(folder, cache, room)], stderr=log)
    try:
        wait_for(lambda: "Server listening" in (folder / "log").read_text() or running.poll() is not None, 10)
        assert running.poll() is None, (folder / "log").read_text()
        at = SshAddress(address, "root", port, keys / "id", folder / "known_hosts")
        yield Sshd(at, f"ssh://root@{address}:{port}", running.pid, folder, cache)
    finally:
        running.terminate()
        running.wait()


def _apart(folder: Path, cache: Path, room: str | None) -> str:
    etc = shlex.quote(str(folder / "etc"))
    home = shlex.quote(str(_KEPT))
    steps = (
        f"mount -t tmpfs none {etc}",
        f"mkdir {etc}/upper {etc}/work",
        f"mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc",
        f"mount -t tmpfs -o size={room} none {home}" if room else f"mount --bind {shlex.quote(str(cache))} {home}",
        f"exec {SSHD} -D -e -f {shlex.quote(str(folder / 'config'))}",
    )
    return " && ".join(steps)


@contextmanager
def key_agent(at: Sshd) -> Iterator[dict[str, str]]:
    """What the environment of a program must say, so that its ssh finds the key that is let in."""
    sock = at.folder / "agent"
    running = subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.DEVNULL)
    found = {"SSH_AUTH_SOCK": str(sock)}
    try:
        wait_for(sock.exists, 10)
        subprocess.run(["ssh-add", "-q", str(at.address.key)], env={**os.environ, **found}, check=True)
        yield found
    finally:
        running.terminate()
        running.wait()


@dataclass(frozen=True)
class Machine:
    """A network namespace: its address, and a command's first words that run the rest inside. `cable`: its link."""

    address: str
    inside: tuple[str, ...]
    cable: str


@contextmanager
def network(machines: int = 1) -> Iterator[list[Machine]]:
    """Machines as far as the network goes, and this one, all on one switch. Nothing meant for them goes further."""
    pid = os.getpid()
    net, switch = f"10.231.{pid % 250}", f"rm{pid}"
    with ExitStack() as stack:
        stack.enter_context(_made(f"route add unreachable {net}.0/24 metric 4000", f"route del unreachable {net}.0/24"))
        stack.enter_context(_made(f"link add {switch} type bridge", f"link del {switch}"))
        _ip(f"addr add {net}.254/24 dev {switch}", f"link set {switch} up")
        yield [stack.enter_context(_machine(net, switch, number)) for number in range(1, machines + 1)]


@contextmanager
def _machine(net: str, switch: str, number: int) -> Iterator[Machine]:
    name, cable = f"rematch-{os.getpid()}-{number}", f"{switch}n{number}"
    with _made(f"netns add {name}", f"netns del {name}"):
        _ip(f"link add {cable} type veth peer name up0 netns {name}", f"link set {cable} master {switch} up")
        _ip(f"-n {name} addr add {net}.{number}/24 dev up0", f"-n {name} link set up0 up", f"-n {name} link set lo up")
        yield Machine(f"{net}.{number}", ("nsenter", f"--net=/run/netns/{name}"), cable)


@contextmanager
def _made(make: str, unmake: str) -> Iterator[None]:
    _ip(make)
    try:
        yield
    finally:
        _ip(unmake)


def _ip(*commands: str) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0
