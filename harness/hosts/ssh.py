"""A machine behind SSH as a host: the same agent at the other end of a connection, which may be lost and found again.

Nothing that is timed crosses the connection: clocks are read there, and the load goes to the host's own address. What
only the harness asks (verification, the services beside the apps) goes through it.
"""

from __future__ import annotations

import base64
import itertools
import os
import shlex
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness.errors import HostError, LaunchError, LostError, StoreError
from harness.hosts.agent import SOON_S, AgentHost, AgentServer, There
from harness.hosts.base import Environments
from harness.hosts.link import Link
from harness.hosts.load import LoadHost
from harness.hosts.local import LocalHost, lock_name
from harness.hosts.openssh import Connection, SshAddress
from harness.hosts.placement import cores_of, place, place_apart
from harness.hosts.remote import RemoteEnvironments
from harness.hosts.site import SILENCE_S, Tell, agent_at, site, within
from harness.model import Contender, Launched, MachineReading, Placement

_LOOPBACK = "127.0.0.1"
_FOUND_WITHIN_S = 60.0
_REACHED_WITHIN_S = 5.0


class RemoteServer(AgentServer):
    """A server over there. Its door is a way through the connection, opened when somebody first asks for it."""

    def __init__(self, launched: Launched, link: Link, connection: Connection) -> None:
        super().__init__(launched, link)
        self._connection = connection
        self._doors = ExitStack()
        self._door: tuple[str, int] | None = None

    def door(self) -> tuple[str, int]:
        if self._door is None:
            way = self._connection.forwarded(self.launched.host, self.launched.port)
            self._door = self._doors.enter_context(way)
        return self._door

    def stop(self) -> None:
        """An agent that is lost has ended it."""
        self._doors.close()
        with suppress(LostError):
            super().stop()


class SshHost(AgentHost):
    """A context manager: inside it an agent runs there; after it neither the agent, nor a server, nor its logs do.

    `provisions`: see to packages, limits and settings first. `keep`: leave the logs there, and say where. `load`: where
    the load comes from, if not from here. `tell`: who hears of what happens on the way. `silence_s`: after hearing
    nothing for so long the agent takes us for gone. `exclusive`, `lock`, `grace_s` as in LocalHost.
    """

    def __init__(
        self,
        to: SshAddress,
        *,
        exclusive: bool = False,
        provisions: bool = True,
        keep: bool = False,
        grace_s: float = 5.0,
        silence_s: float = SILENCE_S,
        lock: str | None = None,
        load: Sequence[LoadHost] = (),
        tell: Tell = lambda _: None,
    ) -> None:
        super().__init__(grace_s=grace_s)
        self._to = to
        self._exclusive = exclusive
        self._provisions = provisions
        self._keep = keep
        self._silence_s = silence_s
        self._lock = lock or lock_name()
        self.load = load
        self._tell = tell
        self._here = LocalHost(exclusive=exclusive, lock=self._lock)
        self._logs = itertools.count()
        self._run = f"{os.getpid()}-{time.time_ns()}"
        self._way = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._here)
            stack.callback(self._leave)
            self._open()
            self._placement = self._placed()
            self._pin()
            self._refuse_unreachable()
            self._inside = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._inside.close()

    @property
    def environments(self) -> Environments:
        return RemoteEnvironments(self._site)

    def fingerprint(self) -> Mapping[str, Any]:
        """Of the machine there; beside it of this one, where the load comes from."""
        facts = super().fingerprint()
        more: dict[str, Any] = {"reached": "ssh"}
        if self.load:
            more["load_hosts"] = [one.identity for one in self.load]
        elif not self._site.found.shares_kernel:
            more["generator_machine"] = self._here.fingerprint()["identity"]
        return {**facts, "identity": {**facts["identity"], **more}}

    def reading(self) -> MachineReading:
        """With what the machines that make the load lost: to their hypervisor, and to network allowances."""
        return with_load(super().reading(), [one.hold.reading() for one in self.load])

    def _open(self) -> None:
        """Log in, and start an agent there."""
        lock = self._lock if self._exclusive else None
        with ExitStack() as way:
            self._site = way.enter_context(site(self._to, provisions=self._provisions, tell=self._tell, lock=lock))
            self._open_link = agent_at(self._site, grace_s=self._grace_s, silence_s=self._silence_s)
            way.callback(self._open_link.close)
            if self._exclusive and not self._site.found.shares_kernel:  # else this machine's own lock is held
                self._open_link.ask("exclude", SOON_S, name=self._lock)
            self._site.connection.run(f"mkdir -p {shlex.quote(self._work)}", what="making a folder")
            self._provisions = False  # once is enough
            self._way = way.pop_all()

    def _ready(self) -> None:
        """Find hosts that were lost. Whoever ran there must have ended: till then an agent holds the machine's lock."""
        within_s = self._silence_s + _FOUND_WITHIN_S
        for one in self.load:
            one.find(within_s, self._tell)
        if not self._link.lost:
            return
        self._tell(f"the connection to {self._to.name} was lost; trying for {within_s:.0f} seconds to get it again")
        self._way.close()
        within(within_s, self._open)
        self._pin()
        self._tell(f"{self._to.name} is there again")

    def _leave(self) -> None:
        """The agent first, with all servers; then its logs, while there is still a way to them."""
        if self._open_link:
            self._open_link.close()
            if self._keep:
                self._tell(f"kept on {self._to.name}: {self._work}")
            else:
                with suppress(HostError):  # also of a host that never came back
                    self._site.connection.run(f"rm -rf {shlex.quote(self._work)}", what="clearing up")
        self._way.close()

    def _placed(self) -> Placement:
        topology = self.topology()
        is_loaded_from_here = not self.load or any(one.cores is None for one in self.load)
        if self._site.found.shares_kernel and is_loaded_from_here:
            return place(**topology)
        machines = [one.identity for one in self.load] or [self._here.topology()]
        cores = (cores_of(one["cpus"], one["siblings"]) for one in machines)
        return place_apart(min(cores, key=len), **topology)

    def _refuse_unreachable(self) -> None:
        """Raise HostError if the load would not get through: better now than in the first warm-up."""
        address = self._site.found.address
        port = self._link.ask("listen", SOON_S, host=address)
        sources = [(one.name, one.reaches) for one in self.load] or [("this machine", _reaches)]
        cut_off = [name for name, reaches in sources if not reaches(address, port)]
        self._link.ask("listen_no_more", SOON_S)
        if cut_off:
            raise HostError(
                f"The load from {', '.join(cut_off)} does not get through to {address} of `{self._to.name}`.",
                "Open its ports from 15000 to 60999 to them; or take machines beside it for the load: --load-host",
            )

    def _pin(self) -> None:
        """The agent stays off the servers' CPUs, where there are others."""
        cpus = self.topology()["cpus"]
        free = sorted(set(cpus) - set(self.placement.server_cpus))
        self._link.ask("pin", SOON_S, cpus=free or cpus)

    @property
    def _work(self) -> str:
        return f"{self._site.found.base}/work/{self._run}"

    def _environment(self) -> dict[str, str]:
        return self._site.environment

    def _server(self, launched: Launched, link: Link) -> RemoteServer:
        return RemoteServer(launched, link, self._site.connection)

    @contextmanager
    def _found(self, contender: Contender, python: Path, log: Path) -> Iterator[There]:
        """The keeper of services stays on the loopback: its servers know no passwords."""
        there = f"{self._work}/{next(self._logs)}.log"
        address = _LOOPBACK if contender.app.role == "services" else self._site.found.address
        link = self._link
        try:
            yield There(self._site.shelf.put(contender.app.folder), str(python), there, address)
        except LaunchError as error:
            here = str(log.absolute())
            raise LaunchError(error.message.replace(there, here), error.hint.replace(there, here)) from error
        finally:
            with suppress(LostError):
                _bring(link, there, log)


def with_load(there: MachineReading, load: Sequence[MachineReading | None]) -> MachineReading:
    """The steal of all machines together; network allowances of the load's by number: results name no address.

    Steal is judged over the CPU time wanted on the measured machine alone: with the load's added, on the strict side.
    """
    stolen = [one.steal_s for one in (there, *load) if one and one.steal_s is not None]
    exceeded = {
        f"{allowance} of load host {number}": count
        for number, one in enumerate(load, 1)
        for allowance, count in ((one and one.exceeded) or {}).items()
    }
    told = None if there.exceeded is None and not exceeded else {**(there.exceeded or {}), **exceeded}
    return there.model_copy(update={"steal_s": sum(stolen) if stolen else None, "exceeded": told})


def _reaches(address: str, port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((address, port), _REACHED_WITHIN_S).close()
        return True
    return False


def _bring(link: Link, there: str, log: Path) -> None:
    """What was logged there, at the end of the log here. Raises StoreError where that cannot be written."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file, suppress(HostError):
            at = 0
            while link.in_step and (piece := base64.b64decode(link.ask("read", SOON_S, path=there, start=at))):
                at += file.write(piece)
    except OSError as error:
        raise StoreError(f'the log "{log}" cannot be written: {error.strerror}', "Free some space.") from error
