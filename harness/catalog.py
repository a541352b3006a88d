"""Reads apps, scenarios and line-ups from their files, and contenders from their specifications.

An unknown key is an error, and all problems are listed at once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.errors import InputError
from harness.model import App, Contender, Lineup, Scenario, Specification, Value, pinned_label

ROOT = Path(__file__).resolve().parent.parent
YARDSTICKS = ("null", "control")
USUAL = "json"
"""The scenario that is asked where none is named."""
ALL = "all"

_S = TypeVar("_S")
_T = TypeVar("_T")
_V = TypeVar("_V", bound=Value)
_LABEL = re.compile(r"\w[\w@.+-]{0,63}")
_NOT_IN_A_LABEL = re.compile(r"[^\w@.+-]+")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = ("python", "bin", "host", "port", "workers", "threads", "app")


class Catalog(Value):
    """All that can be named on the command line, by name."""

    apps: Mapping[str, App]
    scenarios: Mapping[str, Scenario]
    lineups: Mapping[str, Lineup]


def read(root: Path = ROOT) -> Catalog:
    """The catalog of a checkout. Raises InputError with every problem in every file."""
    problems: list[str] = []
    apps = _each(sorted((root / "apps").glob("*/app.toml")), read_app, problems)
    scenarios = _each(sorted((root / "scenarios").glob("*.toml")), _read_scenario, problems)
    lineups = [lineup for file in _each([root / "apps" / "lineups.toml"], _read_lineups, problems) for lineup in file]
    _raise_all(problems)
    _refuse_unknown_scenarios(apps, {scenario.name for scenario in scenarios})
    _refuse_unknown_pairs(root, scenarios)
    return Catalog(
        apps={app.name: app for app in apps},
        scenarios={scenario.name: scenario for scenario in scenarios},
        lineups={lineup.name: lineup for lineup in lineups},
    )


def plain() -> Scenario:
    """The scenario of a single plain request, which every app answers. Raises InputError."""
    return _read_scenario(ROOT / "scenarios" / "json.toml")


def beside() -> Mapping[str, str]:
    """By scenario the one that it is held against, as its file says today: older runs do not. Raises InputError."""
    return {name: one.beside for name, one in read().scenarios.items() if one.beside}


def read_app(path: Path) -> App:
    """The app that an app.toml describes; its name is its folder's. Raises InputError."""
    folder, keys = path.resolve().parent, _toml(path)
    if "pins" in keys:
        raise InputError(f'"{path}": pins: a version is pinned in a specification', "Leave it to requirements.in.")
    app = _validated(path, App, {**keys, "name": folder.name, "folder": folder})
    _refuse_unknown_placeholders(path, app)
    return app


def keeper(root: Path = ROOT) -> Contender:
    """Who keeps the services: an app in all but that nobody measures it, so it stands with the hosts."""
    app = read_app(root / "infra" / "services" / "app.toml")
    return Contender(label=app.name, app=app, deployment_name=next(iter(app.deployments)))


def contenders(catalog: Catalog, specifications: Sequence[str]) -> tuple[Contender, ...]:
    """The contenders that specifications name, each once. Raises InputError with every problem."""
    problems: list[str] = []
    found = _each(specifications, partial(contender, catalog), problems)
    labels = [one.label for one in found]
    problems += [
        f'two contenders are called "{label}"\n  Give one another label: NEW={label}'
        for label in sorted({label for label in labels if labels.count(label) > 1})
    ]
    _raise_all(problems)
    return tuple(found)


def contender(catalog: Catalog, specification: str) -> Contender:
    """One contender from its specification. Raises InputError."""
    written = Specification.read(specification)
    app = app_named(catalog, f"{written.path and f'{written.path}:'}{written.app}")
    deployment_name = written.deployment or next(iter(app.deployments))
    choose(f"deployment of {app.name}", app.served, deployment_name)
    pinned = app.model_copy(update={"pins": written.pins})
    return Contender(label=_label(written.label, pinned, deployment_name), app=pinned, deployment_name=deployment_name)


def scenarios(catalog: Catalog, names: Sequence[str]) -> tuple[str, ...]:
    """The names of scenarios, each once; of `all` every one: the usual one first, then those that need no services.

    Raises InputError with every name that is none.
    """
    if tuple(names) == (ALL,):
        known = catalog.scenarios.values()
        return tuple(one.name for one in sorted(known, key=lambda one: (one.name != USUAL, bool(one.services))))
    problems: list[str] = []
    found = _each(names, lambda name: choose("scenario", catalog.scenarios, name).name, problems)
    _raise_all(problems)
    return tuple(dict.fromkeys(found))


def app_named(catalog: Catalog, specification: str) -> App:
    """The app that `PATH:app` names, the path optional. Raises InputError."""
    path, _, name = specification.rpartition(":")
    return _app_under(Path(path), name) if path else choose("app", catalog.apps, name)


def ablation(catalog: Catalog, specification: str) -> Lineup:
    """The line-up of an app's first deployment, the reference, and its ablations. Raises InputError."""
    app = app_named(catalog, specification)
    if not app.ablations:
        able = [name for name, one in catalog.apps.items() if one.ablations]
        raise InputError(f'"{specification}" names no choice that could be ablated', f"These do: {', '.join(able)}.")
    base, *_ = app.deployments
    return Lineup(
        name=f"ablate-{_NOT_IN_A_LABEL.sub('-', app.name)}",
        about=f"One choice at a time, from {app.name}@{base}: what moves the number, the server or the framework.",
        contenders=tuple(f"{specification}@{name}" for name in (base, *app.ablations)),
        reference=_label("", app, base),
    )


def specifications_of_own(folders: Iterable[Path]) -> tuple[str, ...]:
    """The specification of the first deployment of each app anywhere. Raises InputError with every problem."""
    problems: list[str] = []
    apps = _each([folder / "app.toml" for folder in folders], read_app, problems)
    _raise_all(problems)
    return tuple(f"{_NOT_IN_A_LABEL.sub('-', app.name).strip('.+@-')[:64] or 'own'}={app.folder}:" for app in apps)


def choose(kind: str, known: Mapping[str, _T], name: str) -> _T:
    """The value of that name. Raises InputError with the nearest names."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    raise InputError(f'there is no {kind} "{name}"', f"{hint}There is: {', '.join(known)}.")


def _label(label: str, app: App, deployment_name: str) -> str:
    if not label:
        usual = app.is_yardstick and deployment_name == next(iter(app.deployments))
        name = app.name if usual else f"{app.name}@{deployment_name}"
        name += f"+{pinned_label(app.pins)}" if app.pins else ""
        return _NOT_IN_A_LABEL.sub("-", name).lstrip("-")[:64]
    if not _LABEL.fullmatch(label):
        raise InputError(
            f'"{label}" cannot be a label', "Use up to 64 letters, digits and . _ + @ -, a letter or digit first."
        )
    return label


def _app_under(path: Path, name: str) -> App:
    """An app of another checkout, or of any folder: PATH/apps/NAME, PATH/NAME, or PATH itself."""
    for folder in (path / "apps" / name, path / name) if name else (path,):
        if (folder / "app.toml").is_file():
            return read_app(folder / "app.toml")
    raise InputError(f'there is no app "{name}" in "{path}"', "The folder of an app holds an app.toml.")


def _refuse_unknown_placeholders(path: Path, app: App) -> None:
    unknown = [
        f'"{path}": {_table(app, name)}.{name}.command: nothing is known to fill in for "{found[0]}"'
        for name, deployment in app.served.items()
        for found in _PLACEHOLDER.finditer(" ".join(deployment.command))
        if found[1] not in _PLACEHOLDERS
    ]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
        raise InputError("\n".join(unknown), f"A command may hold {known}.")


def _refuse_unknown_scenarios(apps: Iterable[App], known: Collection[str]) -> None:
    """An app elsewhere may name scenarios that are not known here; one that stands beside them may not."""
    _raise_all(
        [
            f'"{app.folder / "app.toml"}": {place}: there is no scenario "{name}"'
            for app in apps
            for place, names in _scenarios_named(app)
            for name in names
            if name not in known
        ]
    )


def _refuse_unknown_pairs(root: Path, scenarios: Sequence[Scenario]) -> None:
    """What a scenario is held against is another one."""
    known = {scenario.name for scenario in scenarios}
    _raise_all(
        [
            f'"{root / "scenarios" / one.name}.toml": beside: there is no other scenario "{one.beside}"'
            for one in scenarios
            if one.beside is not None and one.beside not in known - {one.name}
        ]
    )


def _scenarios_named(app: App) -> Iterator[tuple[str, Collection[str]]]:
    """Where an app names scenarios, and which."""
    yield "scenarios", app.scenarios or ()
    for name, deployment in app.served.items():
        yield f"{_table(app, name)}.{name}.cannot", deployment.cannot


def _table(app: App, deployment_name: str) -> str:
    return "ablations" if deployment_name in app.ablations else "deployments"


def _read_scenario(path: Path) -> Scenario:
    return _validated(path, Scenario, {**_toml(path), "name": path.stem})


def _read_lineups(path: Path) -> tuple[Lineup, ...]:
    tables = _toml(path)
    problems = [f'"{path}": "{name}" is no table' for name, table in tables.items() if not isinstance(table, dict)]
    _raise_all(problems)
    return tuple(_validated(path, Lineup, {**table, "name": name}) for name, table in tables.items())


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f'"{path}" cannot be read: {error.strerror}', "Check its path and its permissions.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f'"{path}" is not TOML: {error}', "See https://toml.io for the format.") from error


def _validated(path: Path, kind: type[_V], fields: Mapping[str, Any]) -> _V:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        lines = [f'"{path}": {".".join(map(str, one["loc"]))}: {one["msg"]}' for one in error.errors()]
        raise InputError("\n".join(lines), f"The keys are those of `{kind.__name__}` in apps/README.md.") from error


def _each(sources: Iterable[_S], make: Callable[[_S], _T], problems: list[str]) -> list[_T]:
    """What `make` makes of every source; where it cannot, its problem is added to the list."""
    made = []
    for source in sources:
        try:
            made.append(make(source))
        except InputError as error:
            problems.append(f"{error.message}\n  {error.hint}" if error.hint else error.message)
    return made


def _raise_all(problems: Sequence[str]) -> None:
    if problems:
        raise InputError("\n".join(problems))
