"""Where contenders are launched: this machine, unless --host names another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.output import note
from harness.engines.process import Spot
from harness.errors import HostError, InputError
from harness.hosts.base import Host
from harness.hosts.local import LocalHost

if TYPE_CHECKING:
    from harness.hosts.ssh import SshHost

LOCAL = "local"
_SSH = "ssh://"


@dataclass(frozen=True)
class Where:
    """What was said of the measured host. `known_hosts`: a file with its key; None: as the user's ssh has it."""

    host: str = LOCAL
    known_hosts: Path | None = None
    keep: bool = False
    load_hosts: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        return self.host == LOCAL


HERE = Where()


@contextmanager
def opened(where: Where, *, exclusive: bool, provisions: bool = True) -> Iterator[Host]:
    """The host, for a run that measures (`exclusive`), or only looks. Another machine is seen to if it `provisions`."""
    if where.is_local and where.load_hosts:
        raise InputError(
            "contenders on this machine are on its loopback, where no other machine reaches them",
            "Name this machine by an address of its own: --host ssh://user@address",
        )
    if where.is_local:
        with LocalHost(exclusive=exclusive) as here:
            yield here
    elif where.host.startswith(_SSH):
        with _ssh(where, exclusive=exclusive, provisions=provisions) as there:
            yield there
    else:
        raise InputError(f'"{where.host}" is no host', f"Write {LOCAL}, or {_SSH}user@host")


@contextmanager
def looked_at(where: Where = HERE, *, provisions: bool = False) -> Iterator[Host]:
    """A host for a command that stores no run. Here it warns of the run that it disturbs, and refuses nothing."""
    if where.is_local:
        try:
            with LocalHost(exclusive=True):
                pass
        except HostError as error:
            note(f"warning: {error.message} This command disturbs it.")
    with opened(where, exclusive=False, provisions=provisions) as host:
        yield host


def anonymous(words: Sequence[str]) -> tuple[str, ...]:
    """A command without who and where: runs are published."""
    return tuple(f"{word.partition(_SSH)[0]}{_SSH}HOST" if _SSH in word else word for word in words)


def spots(host: Host) -> tuple[Spot, ...]:
    """Where generators are started for a host; none: here."""
    return tuple(Spot(one.command, one.environment, one.cpus) for one in getattr(host, "load", ()))


@contextmanager
def _ssh(where: Where, *, exclusive: bool, provisions: bool) -> Iterator[SshHost]:
    from harness.hosts.load import load_host
    from harness.hosts.openssh import SshAddress  # only who names such a host waits for it
    from harness.hosts.ssh import SshHost

    to, *others = (SshAddress.parse(one, where.known_hosts) for one in (where.host, *where.load_hosts))
    with ExitStack() as stack:
        load = [stack.enter_context(load_host(one, provisions=provisions, tell=note)) for one in others]
        host = SshHost(to, exclusive=exclusive, provisions=provisions, keep=where.keep, load=load, tell=note)
        yield stack.enter_context(host)
