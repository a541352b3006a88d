"""A real sshd to log in to, with keys of its own: on the loopback, or in a network namespace."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
_CONFIG = """
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/id.pub
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
) -> Iterator[Sshd]:
    """Whoever logs in sees /etc and ~/.cache/rematch as they are, and leaves nothing in them: they are copies.

    `room`: how much there is for the latter.
    """
    cache, port = cache or folder / "cache", free_port()
    for place in (folder, cache, folder / "etc", Path.home() / ".cache" / "rematch", Path("/run/sshd")):
        place.mkdir(parents=True, exist_ok=True)
    for key in ("host_key", "id"):
        if not (folder / key).exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    (folder / "config").write_text(_CONFIG.format(port=port, address=address, folder=folder, path=path))
    (folder / "known_hosts").write_text(f"[{address}]:{port} {(folder / 'host_key.pub').read_text()}")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*inside, "unshare", "--mount", "sh", "-c", _apart(folder, cache, room)], stderr=log)
    try:
        wait_for(lambda: "Server listening" in (folder / "log").read_text() or running.poll() is not None, 10)
        assert running.poll() is None, (folder / "log").read_text()
        at = SshAddress(address, "root", port, folder / "id", folder / "known_hosts")
        yield Sshd(at, f"ssh://root@{address}:{port}", running.pid, folder, cache)
    finally:
        running.terminate()
        running.wait()


def _apart(folder: Path, cache: Path, room: str | None) -> str:
    etc = shlex.quote(str(folder / "etc"))
    home = shlex.quote(str(Path.home() / ".cache" / "rematch"))
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
        subprocess.run(["ssh-add", "-q", at.folder / "id"], env={**os.environ, **found}, check=True)
        yield found
    finally:
        running.terminate()
        running.wait()


@dataclass(frozen=True)
class Network:
    """A network namespace, its address, and a command's first words that run the rest inside."""

    name: str
    address: str
    inside: tuple[str, ...]
    link: str


@contextmanager
def network(number: int = 0) -> Iterator[Network]:
    """A machine of its own as far as the network goes. Where it is gone, nothing that was meant for it goes further."""
    name, link = f"rematch{os.getpid()}n{number}", f"rm{os.getpid()}n{number}"
    net = f"10.231.{os.getpid() % 250}.{4 * number}"
    near, far = (f"{net.rpartition('.')[0]}.{4 * number + one}" for one in (1, 2))
    _ip(f"route add unreachable {net}/30 metric 4000")
    try:
        _ip(f"netns add {name}")
        try:
            _ip(f"link add {link} type veth peer name up0 netns {name}")
            _ip(f"addr add {near}/30 dev {link}", f"link set {link} up")
            _ip(f"-n {name} addr add {far}/30 dev up0", f"-n {name} link set up0 up", f"-n {name} link set lo up")
            yield Network(name, far, ("nsenter", f"--net=/run/netns/{name}"), link)
        finally:
            subprocess.run(["ip", "link", "del", link], check=False)
            _ip(f"netns del {name}")
    finally:
        _ip(f"route del unreachable {net}/30 metric 4000")


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
