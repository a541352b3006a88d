"""Where contenders are launched: this machine, unless --host names another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.hosting import AWS, NAMED, planned, standing
from harness.cli.output import note
from harness.engines.process import Spot
from harness.errors import HostError, InputError
from harness.hosts.base import Host
from harness.hosts.local import LocalHost, lock_name
from harness.prepare import Asked

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
    hours: float | None = None

    @property
    def is_local(self) -> bool:
        return self.host == LOCAL

    @property
    def is_at_aws(self) -> bool:
        return self.host == AWS or self.host.startswith(NAMED)

    @property
    def is_loaded_from_afar(self) -> bool:
        """Whether the load comes from another machine than this one."""
        return bool(self.load_hosts) or self.is_at_aws


HERE = Where()


@contextmanager
def opened(where: Where, *, exclusive: bool, provisions: bool = True, needs_s: float = 0.0) -> Iterator[Host]:
    """The host, for a run that measures (`exclusive`), or only looks. Another machine is seen to if it `provisions`.

    `needs_s`: how long machines at AWS must live. Raises InputError if they would not, before any is made.
    """
    _refuse_what_aws_brings(where)
    if where.is_local and where.load_hosts:
        raise InputError(
            "contenders on this machine are on its loopback, where no other machine reaches them",
            "Name this machine by an address of its own: --host ssh://user@address",
        )
    if where.is_local:
        with LocalHost(exclusive=exclusive) as here:
            yield here
    elif where.host == AWS and not provisions:
        planned(where.hours, needs_s)
        yield _planned()
    elif where.is_at_aws:
        with _rented(where, exclusive=exclusive, provisions=provisions, needs_s=needs_s) as there:
            yield there
    elif where.host.startswith(_SSH):
        with _ssh(where, exclusive=exclusive, provisions=provisions) as there:
            yield there
    else:
        raise InputError(f'"{where.host}" is no host', f"Write {LOCAL}, {_SSH}user@host or {AWS}")


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
    found = [f"{word.partition(_SSH)[0]}{_SSH}HOST" if _SSH in word else word for word in words]
    found = [re.sub(rf"\b{NAMED}.+", f"{NAMED}NAME", word) for word in found]
    found = [re.sub("^(--known-hosts=).+", r"\1FILE", word) for word in found]
    return tuple(
        "FILE" if before == "--known-hosts" else word for before, word in zip(["", *found], found, strict=False)
    )


def refuse_samples_from_afar(where: Where, runs: Iterable[Asked]) -> None:
    """Raise InputError where single latencies would be written on another machine than the run."""
    if where.is_loaded_from_afar and any(one.plan.get("samples") for one in runs):
        raise InputError("single latencies are written where the load is made", "Leave --samples or the hosts out.")


def _refuse_what_aws_brings(where: Where) -> None:
    """Raise InputError for what cannot be said of machines that are made and removed for a run."""
    if not where.is_at_aws:
        return
    if where.load_hosts:
        raise InputError("machines at AWS bring one for the load with them", "Leave --load-host out.")
    if where.known_hosts:
        raise InputError("the keys of machines at AWS are known before they are made", "Leave --known-hosts out.")
    if where.keep and where.host == AWS:
        raise InputError(
            "nothing can be kept on a machine that is removed after the run",
            f"./bench host up makes machines to stay; then --host {NAMED}NAME.",
        )
    if where.hours and where.host != AWS:
        raise InputError(
            "how long machines live is settled when they are made",
            "Leave --hours out; ./bench host up --hours makes others.",
        )


def spots(host: Host) -> tuple[Spot, ...]:
    """Where generators are started for a host; none: here."""
    return tuple(Spot(one.command, one.environment, one.cores, one.name) for one in getattr(host, "load", ()))


@contextmanager
def _ssh(where: Where, *, exclusive: bool, provisions: bool) -> Iterator[SshHost]:
    from harness.hosts.load import load_host
    from harness.hosts.openssh import SshAddress  # only who names such a host waits for it
    from harness.hosts.ssh import SshHost

    to, *others = (SshAddress.parse(one, where.known_hosts) for one in (where.host, *where.load_hosts))
    with ExitStack() as stack:
        lock = lock_name() if exclusive else None
        load = [stack.enter_context(load_host(one, provisions=provisions, tell=note, lock=lock)) for one in others]
        host = SshHost(to, exclusive=exclusive, provisions=provisions, keep=where.keep, load=load, tell=note)
        yield stack.enter_context(host)


@contextmanager
def _rented(where: Where, *, exclusive: bool, provisions: bool, needs_s: float) -> Iterator[SshHost]:
    """Machines of AWS: the load comes from the one that stands beside the apps'."""
    with standing(where.host, where.hours, needs_s) as (cloud, stack):
        from harness.hosts.aws.host import AwsHost  # as above
        from harness.hosts.aws.reaching import address
        from harness.hosts.load import load_host

        beside = address(stack.machines["load"], cloud.keys_of(stack))
        with (
            load_host(beside, provisions=provisions, tell=note, lock=lock_name() if exclusive else None) as load,
            AwsHost(
                cloud, stack, load=[load], exclusive=exclusive, provisions=provisions, keep=where.keep, tell=note
            ) as there,
        ):
            yield there


def _planned() -> Host:
    from harness.hosts.aws.planned import PlannedHost

    return PlannedHost()
