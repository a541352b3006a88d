"""A machine behind SSH as a host: the same agent at the other end of a connection, which may be lost and found again.

Nothing that is timed crosses the connection: clocks are read there, and the load goes to the host's own address. What
only the harness asks (verification, the services beside the apps) goes through it.
"""

from __future__ import annotations

import base64
import itertools
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness.errors import HostError, LaunchError, LostError, StoreError
from harness.hosts import provisioning
from harness.hosts.agent import SOON_S, AgentHost, AgentServer, There, plain_environment
from harness.hosts.base import Environments
from harness.hosts.link import Link
from harness.hosts.local import LocalHost, lock_name
from harness.hosts.openssh import GREETING, Connection, SshAddress, shell
from harness.hosts.placement import place, place_apart
from harness.hosts.remote import RemoteEnvironments
from harness.hosts.shelf import Shelf
from harness.hosts.survey import Survey, survey
from harness.model import Contender, Launched, Placement

_AGENT = Path(__file__).resolve().parent.parent / "agent"
_LOOPBACK = "127.0.0.1"
_BEAT_S = 5.0
_SILENCE_S = 30.0
_FOUND_WITHIN_S = 90.0  # an agent that was cut off holds its machine's lock for as long as its silence may last
_RETRY_S = 2.0
_OPEN_FILES = 65536


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
        self._doors.close()
        super().stop()


class SshHost(AgentHost):
    """A context manager: inside it an agent runs there; after it neither the agent, nor a server, nor its logs do.

    `provisions`: see to packages, limits and settings first. `keep`: leave the logs there, and say where. `tell`: who
    hears of what happens on the way. `exclusive`, `lock`, `grace_s` as in LocalHost.
    """

    def __init__(
        self,
        to: SshAddress,
        *,
        exclusive: bool = False,
        provisions: bool = True,
        keep: bool = False,
        grace_s: float = 5.0,
        lock: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(grace_s=grace_s)
        self._to = to
        self._exclusive = exclusive
        self._provisions = provisions
        self._keep = keep
        self._lock = lock or lock_name()
        self._tell = tell
        self._here = LocalHost(exclusive=exclusive, lock=self._lock)
        self._way = ExitStack()
        self._logs = itertools.count()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._here)
            self._open()
            stack.push(self._close)
            self._placement = self._placed()
            self._pin()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environments(self) -> Environments:
        return RemoteEnvironments(self._connection, self._found_there, self._shelf)

    def fingerprint(self) -> Mapping[str, Any]:
        """Of the machine there; beside it of this one, where the load comes from."""
        facts = super().fingerprint()
        more: dict[str, Any] = {"reached": "ssh"}
        if not self._found_there.shares_kernel:
            more["generator_machine"] = self._here.fingerprint()["identity"]
        return {**facts, "identity": {**facts["identity"], **more}}

    def _ready(self) -> None:
        """Find a host that was lost. Whoever ran there has ended by then, or the agent's lock is not free yet."""
        if not self._link.lost:
            return
        self._tell(
            f"the connection to {self._to.name} was lost; trying for {_FOUND_WITHIN_S:.0f} seconds to get it again"
        )
        deadline = time.monotonic() + _FOUND_WITHIN_S
        while True:
            self._way.close()
            try:
                self._open()
                self._pin()
                break
            except HostError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_RETRY_S)
        self._tell(f"{self._to.name} is there again")

    def _open(self) -> None:
        """Connect, see to the machine, and start an agent there."""
        with ExitStack() as way:
            self._connection = way.enter_context(Connection(self._to))
            self._found_there = self._fit(way)
            self._shelf = Shelf(self._connection, f"{self._found_there.base}/files")
            self._work = f"{self._found_there.base}/work/{os.getpid()}-{time.time_ns()}"
            self._connection.run(f"mkdir -p {shlex.quote(self._work)}", what="making a folder")
            self._open_link = Link(
                self._connection.words(self._agent_command()),
                os.environ,
                greeting=GREETING,
                beat_s=_BEAT_S,
                losing=LostError,
            )
            way.callback(self._open_link.close)
            if self._exclusive and not self._found_there.shares_kernel:
                self._open_link.ask("exclude", SOON_S, name=self._lock)
            self._way = way.pop_all()

    def _close(self, *_: object) -> None:
        """The agent first; then its logs, if there is still a way to them."""
        self._link.close()
        if self._keep:
            self._tell(f"kept on {self._to.name}: {self._work}, files and environments beside it in ~/.cache/rematch")
        else:
            with suppress(HostError):
                self._connection.run(f"rm -rf {shlex.quote(self._work)}", what="clearing up")
        self._way.close()

    def _fit(self, way: ExitStack) -> Survey:
        found = survey(self._connection)
        if self._provisions:
            seen_to = provisioning.see_to_system(self._connection, found)
            for what in ("changed", "refused"):
                if seen_to[what]:
                    self._tell(f"{what} on {self._to.name}: {', '.join(seen_to[what])}")
            if "file limits" in seen_to["changed"]:  # they hold for those who log in from now on
                way.close()
                self._connection = way.enter_context(Connection(self._to))
            found = survey(self._connection) if seen_to["changed"] else found
        if found.python is None:
            raise HostError(
                f"`{self._to.name}` has no Python >= 3.11 with venv.",
                "Install one there, for example: apt install python3-venv",
            )
        self._provisions = False
        return found

    def _placed(self) -> Placement:
        topology = self._link.ask("topology", SOON_S)
        if self._found_there.shares_kernel:
            return place(**topology)
        return place_apart(self._here.placement, **topology)

    def _pin(self) -> None:
        """The agent stays off the servers' CPUs, where there are others."""
        cpus = self._link.ask("topology", SOON_S)["cpus"]
        free = sorted(set(cpus) - set(self.placement.server_cpus))
        self._link.ask("pin", SOON_S, cpus=free or cpus)

    def _agent_command(self) -> str:
        """Its owner is named where process ids mean the same there as here."""
        found = self._found_there
        words = [str(found.python), "-P", "-m", "agent", "--grace", str(self._grace_s), "--silence", str(_SILENCE_S)]
        words += ["--owner", str(os.getpid())] if found.sees_us else []
        agents = Path(self._shelf.put(_AGENT)).parent
        environment = {**self._environment(), "PYTHONPATH": str(agents), "PYTHONDONTWRITEBYTECODE": "1"}
        return f"ulimit -n {_OPEN_FILES} 2>/dev/null; {shell(words, environment)}"

    def _environment(self) -> dict[str, str]:
        return plain_environment(self._found_there.home)

    def _server(self, launched: Launched, link: Link) -> RemoteServer:
        return RemoteServer(launched, link, self._connection)

    @contextmanager
    def _found(self, contender: Contender, python: Path, log: Path) -> Iterator[There]:
        """The keeper of services stays on the loopback: its servers know no passwords."""
        there = f"{self._work}/{next(self._logs)}.log"
        address = _LOOPBACK if contender.app.role == "services" else self._found_there.address
        link = self._link
        try:
            yield There(self._shelf.put(contender.app.folder), str(python), there, address)
        except LaunchError as error:
            here = str(log.absolute())
            raise LaunchError(error.message.replace(there, here), error.hint.replace(there, here)) from error
        finally:
            with suppress(LostError):
                _bring(link, there, log)


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
