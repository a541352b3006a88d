"""A machine that we are logged in to, and that is fit for what we want of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from harness.errors import HostError
from harness.hosts import provisioning
from harness.hosts.agent import plain_environment
from harness.hosts.openssh import Connection, SshAddress
from harness.hosts.shelf import Shelf
from harness.hosts.survey import Survey, survey

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


@contextmanager
def site(to: SshAddress, *, provisions: bool, tell: Tell) -> Iterator[Site]:
    """Log in, and if it `provisions` see to packages, limits and settings. Raises HostError."""
    with ExitStack() as way:
        connection = way.enter_context(Connection(to))
        found = survey(connection)
        if provisions:
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
        yield Site(connection, found, Shelf(connection, f"{found.base}/files"))


def _seen_to(connection: Connection, found: Survey, tell: Tell) -> list[str]:
    seen_to = provisioning.see_to_system(connection, found)
    for what in ("changed", "refused"):
        if seen_to[what]:
            tell(f"{what} on {connection.name}: {', '.join(seen_to[what])}")
    return list(seen_to["changed"])
