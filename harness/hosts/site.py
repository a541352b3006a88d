"""A machine that we are logged in to, fit for what we want of it, and held against other runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.errors import HostError, LostError
from harness.hosts import provisioning
from harness.hosts.agent import SOON_S, plain_environment
from harness.hosts.link import Link
from harness.hosts.openssh import GREETING, Connection, SshAddress, shell
from harness.hosts.shelf import Shelf
from harness.hosts.survey import Survey, survey
from harness.model import MachineReading

_AGENT = Path(__file__).resolve().parent.parent / "agent"
_RETRY_S = 2.0

SILENCE_S = 30.0
"""After hearing nothing for so long an agent takes us for gone."""

OPEN_FILES = "ulimit -n 65536 2>/dev/null"
"""For the shell that starts something there: as many files as `infra/provision` allows, where it may be."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """The way there, what was found there, and where our files lie."""

    connection: Connection
    found: Survey
    shelf: Shelf

    @property
    def environment(self) -> dict[str, str]:
        """What every process of ours gets there."""
        return plain_environment(self.found.home)


def agent_at(there: Site, *, grace_s: float = 5.0, silence_s: float = SILENCE_S) -> Link:
    """An agent there. Its owner is named where process ids mean the same there as here. Raises HostError."""
    words = [str(there.found.python), "-P", "-m", "agent", "--grace", str(grace_s), "--silence", str(silence_s)]
    words += ["--owner", str(os.getpid())] if there.found.sees_us else []
    agents = str(Path(there.shelf.put(_AGENT)).parent)
    environment = {**there.environment, "PYTHONPATH": agents, "PYTHONDONTWRITEBYTECODE": "1"}
    command = there.connection.words(f"{OPEN_FILES}; {shell(words, environment)}")
    return Link(command, os.environ, greeting=GREETING, beat_s=silence_s / 6, losing=LostError)


class Hold:
    """A context manager: inside it an agent there holds the machine's `lock`, and no other run does.

    Nothing is held without a `lock`, where no agent can run yet, and of this machine: its own agent sees to that.
    """

    def __init__(self, there: Site, lock: str | None) -> None:
        self._there = there
        self._lock = None if there.found.python is None or there.found.shares_kernel else lock
        self._link: Link | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        if self._link:
            self._link.close()

    @property
    def lost(self) -> bool:
        """Whether there was an agent, and nothing leads to it any more."""
        return self._link is not None and self._link.lost

    def reading(self) -> MachineReading | None:
        """CPU time of the machine, now; None where nothing is held. Raises LostError."""
        return MachineReading.model_validate(self._link.ask("reading", SOON_S)) if self._link else None

    def take(self) -> None:
        """Once more after the connection was lost. Raises HostError if another run has it."""
        if self._lock is None:
            return
        self.__exit__()
        self._link = agent_at(self._there)
        try:
            self._link.ask("exclude", SOON_S, name=self._lock)
        except BaseException as error:
            self._link.close()
            if isinstance(error, HostError):
                raise HostError(f"`{self._there.connection.name}`: {error.message}", error.hint) from error
            raise


def within(seconds: float, get: Callable[[], None]) -> None:
    """Try for so long to get what was lost. Raises the last HostError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            get()
        except HostError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


@contextmanager
def site(to: SshAddress, *, provisions: bool, tell: Tell, lock: str | None = None) -> Iterator[Site]:
    """Log in, and if it `provisions` see to packages, limits and settings, while it holds the lock. Raises HostError.

    Where Python comes with the packages nothing is held yet.
    """
    with ExitStack() as way:
        connection = way.enter_context(Connection(to))
        found = survey(connection)
        if provisions:
            with Hold(_site(connection, found), lock):
                changed = _seen_to(connection, found, tell)
            if provisioning.LIMITS in changed:  # they hold for those who log in from now on
                way.close()
                connection = way.enter_context(Connection(to))
            found = survey(connection) if changed else found
        if found.python is None:
            raise HostError(
                f"`{to.name}` has no Python >= 3.11 with venv.",
                "Install one there: apt install python3-venv",
            )
        yield _site(connection, found)


def _site(connection: Connection, found: Survey) -> Site:
    return Site(connection, found, Shelf(connection, f"{found.base}/files"))


def _seen_to(connection: Connection, found: Survey, tell: Tell) -> list[str]:
    seen_to = provisioning.see_to_system(connection, found)
    for what in ("changed", "refused"):
        if seen_to[what]:
            tell(f"{what} on {connection.name}: {', '.join(seen_to[what])}")
    return list(seen_to["changed"])
