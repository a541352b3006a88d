"""Who takes part in which scenario: all that was named, found, before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import catalog, engines, locks
from harness.errors import InputError
from harness.model import PYTHON, App, Contender, Plan, Scenario

ENGINE = "connection"
"""The one used where none is named: ours."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for. `own`: folders of the user's apps; `plan`: those fields of Plan that were given.

    `name` is what the plan calls its line-up; None: its name, or "custom" where it was added to. `yardsticks`: those
    that are to stand in every block; without one, the guards that look at it cannot. `locks`: the folder where an
    earlier run has kept those of its pinned contenders.
    """

    scenario: str = "json"
    lineup: str = "fair"
    contenders: Sequence[str] = ()
    own: Sequence[Path] = ()
    reference: str | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    yardsticks: Sequence[str] = catalog.YARDSTICKS
    locks: Path | None = None

    @classmethod
    def again(cls, before: Plan, folder: Path) -> Asked:
        """Ask for the plan of an earlier run, in that folder, once more."""
        named = {"scenario", "lineup", "contenders", "reference"}
        return cls(
            scenario=before.scenario,
            name=before.lineup,
            contenders=before.contenders,
            reference=before.reference,
            plan=before.model_dump(exclude=named),
            locks=folder / locks.FOLDER,
        )


@dataclass(frozen=True)
class Entry:
    """Who takes part, in which scenario: everything that can be checked before anything is started.

    `absent` are those that were named, but take no part in this scenario, by label, and why.
    `keeper`: who keeps the services, if the scenario needs any.
    """

    lineup: str
    scenario: Scenario
    specifications: tuple[str, ...]
    contenders: tuple[Contender, ...]
    reference: str
    absent: Mapping[str, str] = field(default_factory=dict)
    keeper: Contender | None = None

    @property
    def starting(self) -> tuple[Contender, ...]:
        """Those whose cold start is timed."""
        return tuple(one for one in self.contenders if not one.app.is_yardstick)

    @property
    def apps(self) -> tuple[App, ...]:
        """Every app once, that of the keeper among them."""
        launched = (*self.contenders, *((self.keeper,) if self.keeper else ()))
        return _each_once(contender.app for contender in launched)


def apps(entries: Iterable[Entry]) -> tuple[App, ...]:
    """Every app of several entries once."""
    return _each_once(app for entry in entries for app in entry.apps)


def enter(asked: Asked) -> Entry:
    """Find all that was named, and the locks of pinned contenders. Raises InputError with every problem."""
    known = catalog.read()
    catalog.choose("engine", engines.ENGINES, asked.plan.get("engine", ENGINE))
    scenario = catalog.choose("scenario", known.scenarios, asked.scenario)
    named = asked.contenders or catalog.choose("line-up", known.lineups, asked.lineup).contenders
    specifications = (*named, *catalog.specifications_of_own(asked.own))
    every = catalog.contenders(known, specifications)
    absent = {one.label: why for one in every if (why := one.why_not(scenario.name))}
    contenders = tuple(locks.kept(one, asked.locks) for one in every if one.label not in absent)
    reference = _reference(asked, known, every, absent, scenario)
    yardsticks = [name for name in asked.yardsticks if name not in {one.app.name for one in contenders}]
    return Entry(
        lineup=asked.name or ("custom" if asked.contenders or asked.own else asked.lineup),
        scenario=scenario,
        specifications=(*specifications, *yardsticks),
        contenders=(*contenders, *catalog.contenders(known, yardsticks)),
        reference=reference,
        absent=absent,
        keeper=catalog.keeper() if scenario.services else None,
    )


def _each_once(apps: Iterable[App]) -> tuple[App, ...]:
    """An app that is pinned to other versions is another one."""
    return tuple({(app.folder, app.requirements, app.pins.get(PYTHON)): app for app in apps}.values())


def _reference(
    asked: Asked, known: catalog.Catalog, every: Sequence[Contender], absent: Mapping[str, str], scenario: Scenario
) -> str:
    """The one asked for, else the line-up's, else the first that takes part. Raises InputError if it does not."""
    playing = [one.label for one in every if one.label not in absent]
    reference = _named_reference(asked, known, [one.label for one in every])
    if not playing or reference not in {None, *playing}:
        raise InputError(
            f"{f'the reference `{reference}`' if playing else 'whoever was named'} takes no part in the scenario "
            f'"{scenario.name}": {_joined(absent, reference if playing else None)}',
            f"These do, and --reference takes one of them: {', '.join(playing)}." if playing else "",
        )
    return reference or playing[0]


def _named_reference(asked: Asked, known: catalog.Catalog, labels: Sequence[str]) -> str | None:
    if asked.reference:
        return catalog.choose("contender", dict.fromkeys(labels, asked.reference), asked.reference)
    lineup = known.lineups.get(asked.lineup)
    return lineup.reference if lineup and lineup.reference in labels else None


def _joined(absent: Mapping[str, str], label: str | None) -> str:
    """Why this one takes no part; None: why those that were named do not, each reason once."""
    return absent[label] if label else "; ".join(dict.fromkeys(absent.values()))
