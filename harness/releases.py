"""From one run that was asked for to the same with contenders at several versions: which release is the faster one?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import NamedTuple

from harness import catalog, locks
from harness.environments import UNDER
from harness.errors import InputError, InstallError
from harness.model import PYTHON, App, Contender, Deployment, Specification, canonical, newness, pinned_label
from harness.prepare import Asked
from harness.pythons import LATEST

MOST = 12
"""Contenders in all: every block launches all of them at once."""

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]+([-_.]+[A-Za-z0-9]+)*")
_VERSION = re.compile(r"\d[\w.!]*")
_HOW = "Write it like fastapi=0.115,0.130,latest"


class Dimension(NamedTuple):
    """A distribution, or Python, and the versions of it that were asked for: `0.115` is the newest 0.115."""

    name: str
    wishes: tuple[str, ...]


class _Release(NamedTuple):
    """A contender at one of its versions, and what was wished of it."""

    of: Contender
    written: Specification
    wishes: tuple[str, ...]
    app: App

    @property
    def newness(self) -> tuple[object, ...]:
        return tuple(newness(version) for version in self.app.pins.values())


def dimensions(texts: Sequence[str]) -> tuple[Dimension, ...]:
    """Each `distribution=version,version`. Raises InputError."""
    found = tuple(map(_dimension, texts))
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f'"{name}" is given more than once', "Name all of its versions in one --matrix.")
    return found


def expanded(
    asked: Asked, wanted: Sequence[Dimension], *, only_first: bool, under: Path = UNDER
) -> tuple[Asked, tuple[str, ...]]:
    """The same with every contender that has what is wanted once for each version, or for each pair of versions.

    `only_first`: with the first such contender alone. Also sentences on who stays out, and on what else each version
    brings. Raises InputError with every problem, before anything is measured.
    """
    known = catalog.read()
    named = asked.contenders or catalog.choose("line-up", known.lineups, asked.lineup).contenders
    specifications = (*named, *catalog.specifications_of_own(asked.own))
    every = tuple(zip(map(Specification.read, specifications), catalog.contenders(known, specifications), strict=True))
    having = [(written, one) for written, one in every if has(one, wanted) and one.app.takes_part_in(asked.scenario)]
    if not having:
        raise _nobody([one for _, one in every], wanted)
    taking = having[:1] if only_first else having
    _refuse_too_many(taking, wanted)
    made = _resolved(taking, wanted, under)
    catalog.contenders(known, [str(one.written) for one in made])  # a label may be too long
    _refuse_one(made, wanted)
    pinned = replace(
        asked,
        contenders=tuple(str(one.written) for one in made),
        own=(),
        reference=_reference(asked.reference, made, wanted),
        name=asked.name or f"versions-{'-'.join(one.name for one in wanted)}",
    )
    return pinned, tuple(_told(made, [one for _, one in every if one not in [each for _, each in taking]], wanted))


def _dimension(text: str) -> Dimension:
    name, _, versions = text.partition("=")
    wishes = tuple(dict.fromkeys(versions.split(",")))
    wrong = [wish for wish in wishes if wish != LATEST and not _VERSION.fullmatch(wish)]
    if not _DISTRIBUTION.fullmatch(name) or wrong:
        what = f'the version "{wrong[0]}"' if wrong else f'the distribution "{name}"'
        raise InputError(f'--matrix "{text}" cannot be read: {what}', f"{_HOW}; a version begins with a digit.")
    return Dimension(canonical(name), wishes)


def has(one: Contender, wanted: Sequence[Dimension]) -> bool:
    """Whether a contender runs with all of these. A server that its app installs for other deployments is none."""
    words = " ".join(one.deployment.command)
    installed = {*locks.names(one.app), *([PYTHON] if "{python}" in words or "{bin}" in words else [])}
    idle = {server for other in one.app.served.values() for server in _servers(other)} - _servers(one.deployment)
    return {each.name for each in wanted} <= installed - idle


def _servers(deployment: Deployment) -> set[str]:
    """As in `gunicorn and uvicorn`."""
    return set((deployment.traits.server or "").split())


def _nobody(every: Sequence[Contender], wanted: Sequence[Dimension]) -> InputError:
    installed = {PYTHON, *(name for one in every for name in locks.names(one.app))}
    names = [each.name for each in wanted]
    near = [match for name in names for match in difflib.get_close_matches(name, installed - {name}, n=1)]
    hint = f'Did you mean "{near[0]}"? ' if near and not {*names} <= installed else ""
    what = " and ".join(f'"{name}"' for name in names)
    who = ", ".join(dict.fromkeys(one.label for one in every))
    return InputError(f"none of {who} runs with {what}", f"{hint}What an app installs stands in its requirements.lock.")


def _refuse_too_many(taking: Sequence[object], wanted: Sequence[Dimension]) -> None:
    total = len(taking) * prod(len(one.wishes) for one in wanted)
    if total > MOST:
        each = " x ".join([str(len(taking)), *(f"{len(one.wishes)} of {one.name}" for one in wanted)])
        raise InputError(
            f"{total} contenders are asked for ({each}), and {MOST} can be measured side by side",
            "Name fewer versions, or fewer contenders with --contenders.",
        )


def _refuse_one(made: Sequence[_Release], wanted: Sequence[Dimension]) -> None:
    asked = [f"{one.name}={','.join(one.wishes)}" for one in wanted if len(one.wishes) > 1]
    if asked and len(made) == 1:
        raise InputError(
            f"{' and '.join(asked)} comes to {made[0].written.label} alone: there is nothing to compare",
            "Name another version.",
        )


def _resolved(
    taking: Sequence[tuple[Specification, Contender]], wanted: Sequence[Dimension], under: Path
) -> tuple[_Release, ...]:
    """Each contender at each of its versions once. Raises InputError with all that cannot be had."""
    problems: list[str] = []
    found: dict[str, _Release] = {}
    for written, one in taking:
        before = f"{one.label}+" if len(taking) > 1 else ""
        for wishes in product(*(each.wishes for each in wanted)):
            asked = {each.name: wish for each, wish in zip(wanted, wishes, strict=True)}
            try:
                app = locks.resolved(one.app, {**one.app.pins, **asked}, under)
            except (InputError, InstallError) as error:
                problems.append(f"{error.message}\n  {error.hint}")
                continue
            label = f"{before}{pinned_label({name: app.pins[name] for name in asked})}"
            found.setdefault(label, _Release(one, replace(written, label=label, pins=app.pins), wishes, app))
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))
    return tuple(found.values())


def _reference(named: str | None, made: Sequence[_Release], wanted: Sequence[Dimension]) -> str:
    """The newest of the first contender, or the one that is named by its label, its version, or as it was wished."""
    first = [one for one in made if one.of == made[0].of]
    if named is None:
        return max(first, key=lambda one: one.newness).written.label
    names = {one.written.label: one.written.label for one in made}
    if len(wanted) == 1:
        for one in first:
            (wish,), version, label = one.wishes, one.app.pins[wanted[0].name], one.written.label
            names |= dict.fromkeys((wish, version, f"{wanted[0].name}={wish}"), label)
    return catalog.choose("version or contender", names, named)


def _told(made: Sequence[_Release], out: Sequence[Contender], wanted: Sequence[Dimension]) -> Iterator[str]:
    lacking = [one.label for one in out if not has(one, wanted)]
    others = [one.label for one in out if one.label not in lacking]
    if lacking:
        yield f"without {' and '.join(one.name for one in wanted)}, and so without a part: {', '.join(lacking)}"
    if others:
        yield f"have it as well, and are left out unless they are chosen: {', '.join(others)}"
    for one in made:
        brings = ", ".join(locks.moved(one.app, one.of.app))
        nothing = (
            "the lock of the app as it is" if one.app.requirements == one.of.app.requirements else "nothing else moves"
        )
        yield f"{one.written.label}: {f'also moves: {brings}' if brings else nothing}"
