"""A machine behind SSH from which the load comes: a generator's environment and files there, and how one is started."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HostError
from harness.hosts import provisioning
from harness.hosts.openssh import SshAddress, shell
from harness.hosts.placement import cores_of
from harness.hosts.remote import is_made
from harness.hosts.site import OPEN_FILES, Hold, Site, Tell, site, within

_ROOT = Path(__file__).resolve().parent.parent.parent
_LOCK = _ROOT / "requirements" / "run.lock"
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()"
_FACTS = """
import json, os
from harness.agent.fingerprint import fingerprint
from harness.provenance import generator_versions
cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))
print(json.dumps({**fingerprint(cpus)["identity"], "generator": dict(generator_versions())}))
"""


@dataclass(frozen=True)
class LoadHost:
    """Where generators can be started. To `command`, run in `environment`, the name of a module is added.

    `cores` are the CPUs of that machine, core by core; None: it is this machine, which knows who may run where.
    `identity`: what it is.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    cores: tuple[tuple[int, ...], ...] | None
    identity: Mapping[str, Any]
    site: Site
    hold: Hold

    def reaches(self, address: str, port: int) -> bool:
        """Whether a connection from there to that address can be made."""
        with suppress(HostError):
            words = [str(self.site.found.python), "-I", "-c", _CONNECT, address, str(port)]
            self.site.connection.run(shell(words))
            return True
        return False

    def find(self, within_s: float, tell: Tell) -> None:
        """Log in again if the connection was lost; the command stays as it was. Raises HostError."""
        if not self.site.connection.is_open or self.hold.lost:
            tell(f"the connection to {self.name} was lost; trying for {within_s:.0f} seconds to get it again")
            within(within_s, self._log_in_again)
            tell(f"{self.name} is there again")

    def _log_in_again(self) -> None:
        """Till the agent there has noticed the loss, too, it holds the machine's lock."""
        if not self.site.connection.is_open:
            self.site.connection.log_in_again()
        self.hold.take()


@contextmanager
def load_host(to: SshAddress, *, provisions: bool, tell: Tell, lock: str | None = None) -> Iterator[LoadHost]:
    """A machine that is ready to make load, for as long as the context lasts, and holds the lock. Raises HostError."""
    with site(to, provisions=provisions, tell=tell, lock=lock) as there, Hold(there, lock) as hold:
        words = [f"{_environment(there, tell)}/bin/python", "-P"]
        files = str(Path(there.shelf.put(_ROOT / "harness", _ROOT)).parent)
        more = {**there.environment, "PYTHONPATH": files, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        identity = json.loads(there.connection.run(shell([*words, "-c", _FACTS], more), what="looking at the machine"))
        # The module is the first word after the script, which calls it $0. No shell stays: who dies with its parent
        # is to die with sshd's own process.
        script = f'{OPEN_FILES}; {shell([*words, "-m"], more)} "$0" "$@"'
        yield LoadHost(
            name=to.name,
            command=(*there.connection.plain_words(), f"sh -c {shlex.quote(script)}"),
            environment=dict(os.environ),
            cores=None if there.found.shares_kernel else cores_of(identity["cpus"], identity["siblings"]),
            identity=identity,
            site=there,
            hold=hold,
        )


def generator_place(there: Site) -> str:
    """Where the environment of a generator belongs on a site: another lock or another Python is another place."""
    digest = hashlib.sha256(_LOCK.read_bytes() + there.found.interpreter.encode()).hexdigest()
    return f"{there.found.base}/environments/harness-{digest[:12]}"


def _environment(there: Site, tell: Tell) -> str:
    """The harness's own, there: of the lock that it is run by here."""
    place = generator_place(there)
    if not is_made(there, place):
        tell(f"making the generator's environment on {there.connection.name}, once")
        lock = f"{there.shelf.put(_LOCK.parent, _ROOT)}/{_LOCK.name}"
        provisioning.make_environments(there.connection, there.found, {place: lock})
    return place
