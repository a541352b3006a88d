"""`./bench host up|status|down`: machines at AWS that stay, and those that `run --host aws` makes for one run."""

from __future__ import annotations

import json as json_format
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from harness.catalog import ROOT
from harness.cli import options
from harness.cli.output import ExitCode, complain, document, note, results
from harness.errors import HostError, InputError

if TYPE_CHECKING:
    from harness.hosts.aws.cloud import Cloud
    from harness.hosts.aws.stacks import Stack, Wish

AWS = "aws"
NAMED = f"{AWS}:"
KEYS = ROOT / ".hosts"
HOURS = 3.0
_TEMPLATE = ROOT / "infra" / "stack.yaml"

Image = Annotated[str | None, typer.Option(help="An image with cloud-init; Debian's newest 12 unless said otherwise.")]
From = Annotated[
    str | None,
    typer.Option("--from", help="The IPv4 address that may speak SSH to them; as seen from outside unless said."),
]
Names = Annotated[list[str] | None, typer.Argument(help="Stacks by name; none: those that were made in this clone.")]

host = typer.Typer(help="Machines at AWS: a t3.medium for the apps, a larger one for the load.", no_args_is_help=True)


@host.command()
def up(
    *, hours: options.Hours = None, image: Image = None, caller: From = None, dry_run: options.DryRun = False
) -> None:
    """Make both machines, to be used with --host aws:NAME. They cost money until `down`, or their end."""
    wish = wished(hours or HOURS, image, caller)
    if dry_run:
        return
    cloud = _cloud()
    _warn_of_others(cloud)
    with cloud.made(wish, partial(_reach, cloud), keep=True) as stack:
        results.print(stack.name)
    note(f"up until {stack.expires_at}. Measure with: ./bench run --host {NAMED}{stack.name}")
    note(f"end it with: ./bench host down {stack.name}")


@host.command()
def status(*, json: options.Json = False) -> None:
    """Say which machines of ours there are in this account and region, until when, and what they cost."""
    cloud = _cloud()
    found = [(stack, cloud.running(stack)) for stack in cloud.all()]
    if json:
        document(json_format.dumps([{**asdict(stack), "running": running} for stack, running in found], indent=1))
    elif found:
        for line in (line for stack, running in found for line in _lines(stack, running)):
            results.print(line, soft_wrap=True)
    else:
        results.print(f"nothing of ours is in {cloud.region}")


@host.command()
def down(names: Names = None) -> None:
    """Remove machines, and all that was made with them. Exits with 2 if something could not be removed."""
    cloud = _cloud()
    _see(cloud, names or _kept_here())
    wanted = names or _made_here(cloud)
    failed = False
    for name in wanted:
        try:
            cloud.remove(cloud.named(name).name)
        except HostError as error:  # the others must go all the same
            complain(error.message, error.hint)
            failed = True
        else:
            note(f"{name} is removed")
    if failed:
        raise typer.Exit(ExitCode.ERROR)


@contextmanager
def standing(name: str, hours: float | None, needs_s: float) -> Iterator[tuple[Cloud, Stack]]:
    """The stack of `aws:NAME`; for `aws` a new one, removed whatever happens. Its cost is said before.

    Raises InputError if it does not live for another `needs_s`.
    """
    from harness.hosts.aws.keys import seconds_until

    if name.startswith(NAMED):
        cloud = _cloud()
        stack = cloud.named(name.removeprefix(NAMED))
        if not cloud.keys_of(stack).is_dir():
            raise HostError(f"The keys of {stack.name} are not in this clone.", "Use it where it was made.")
        _refuse_too_short(needs_s, seconds_until(stack.expires_at), "./bench host up --hours {hours:g} makes others")
        yield cloud, stack
        return
    wish = planned(hours, needs_s)
    cloud = _cloud()
    _warn_of_others(cloud)
    with cloud.made(wish, partial(_reach, cloud)) as stack:
        note(f"{stack.name} is up, until {stack.expires_at} at the latest")
        yield cloud, stack


def planned(hours: float | None, needs_s: float) -> Wish:
    """What is to be made for a run, after its cost was said. Raises InputError if it does not live for `needs_s`."""
    lasts_h = hours or HOURS
    _refuse_too_short(needs_s, lasts_h * 3600, "Give --hours {hours:g}")
    return wished(lasts_h)


def wished(hours: float, image: str | None = None, caller: str | None = None) -> Wish:
    """What is to be made, after its cost was said."""
    from harness.hosts.aws import costs
    from harness.hosts.aws.stacks import TYPES, Wish

    wish = Wish(hours=hours, image=image, caller=caller)
    note(costs.in_words(list(TYPES.values()), hours))
    return wish


def _refuse_too_short(needs_s: float, lasts_s: float, mend: str) -> None:
    """Machines that end themselves in the middle of a run cost, and nothing comes of it."""
    if needs_s > lasts_s:
        raise InputError(
            f"making the machines ready and measuring takes about {needs_s / 60:.0f} minutes, and they end in "
            f"{max(lasts_s, 0) / 60:.0f}",
            f"{mend.format(hours=math.ceil(needs_s / 900) / 4)}; or measure less, such as fewer --blocks.",
        )


def _cloud() -> Cloud:
    from harness.hosts.aws.cloud import Cloud  # boto3 comes with the environment for other hosts only

    return Cloud(KEYS, _TEMPLATE, _say)


def _say(message: str) -> None:
    """Even where nobody hears it: a closed terminal, or a reader that is gone, must not end a removal."""
    with suppress(OSError, SystemExit):  # rich ends the program where a pipe is broken
        note(message)


def _reach(cloud: Cloud, stack: Stack) -> None:
    from harness.hosts.aws.reaching import reach

    note(f"{stack.name} is made; waiting for its machines to start")
    reach(stack, cloud.keys_of(stack))


def _warn_of_others(cloud: Cloud) -> None:
    """What was left by somebody costs, whoever forgot it."""
    for stack in cloud.all():
        note(f"warning: {stack.name} is there already ({stack.status}, until {stack.expires_at})")


def _see(cloud: Cloud, names: Sequence[str]) -> None:
    """Raise HostError where AWS cannot be asked about what is to be removed: it stays, and may cost."""
    from harness.hosts.aws.stacks import MaybeLeft

    try:
        cloud.all()
    except HostError as error:
        left = [MaybeLeft(name, None).in_words for name in names]
        raise HostError("\n".join([*left, error.message]), error.hint) from error


def _kept_here() -> list[str]:
    """Those whose keys are in this clone."""
    return sorted(folder.name for folder in KEYS.iterdir()) if KEYS.is_dir() else []


def _made_here(cloud: Cloud) -> list[str]:
    """Those that were made in this clone and are there. One that is not may be in another region, so its keys stay."""
    made = _kept_here()
    there = {stack.name for stack in cloud.all()}
    for name in sorted({*made} - there):
        note(
            f"{name}, made in this clone, is not in {cloud.region}, this account (if it is gone, so may {KEYS / name})"
        )
    if not there.intersection(made):
        note("nothing of this clone is there; ./bench host status shows what others made")
    return [name for name in made if name in there]


def _lines(stack: Stack, running: Sequence[str]) -> Iterator[str]:
    """One for the stack, one for each machine: names are to be copied, so none is cut off."""
    from harness.hosts.aws import costs

    price = costs.hourly([one.type for one in stack.machines.values() if one.id in running])
    cost = "costs money" if price is None else f"costs {price:.2f} USD an hour"
    yield f"{stack.name}  {stack.status}, until {stack.expires_at}, {cost}"
    for role, machine in stack.machines.items():
        state = "runs" if machine.id in running else "has ended"
        yield f"    {role}: {machine.type} at {machine.public} {state}"
