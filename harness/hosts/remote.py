"""Environments on a host that is reached by SSH, made there of the same locks; and the files that go there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.environments import VERSIONS, folder_name
from harness.errors import HostError, InstallError, LostError
from harness.hosts import provisioning
from harness.hosts.openssh import Connection, shell
from harness.hosts.shelf import Shelf
from harness.hosts.survey import Survey
from harness.model import App


class RemoteEnvironments:
    """See `hosts.base.Environments`."""

    def __init__(self, connection: Connection, found: Survey, shelf: Shelf) -> None:
        self._connection = connection
        self._found = found
        self._shelf = shelf

    def missing(self, apps: Sequence[App]) -> tuple[App, ...]:
        places = {app.folder: place for app in apps if (place := self._place(app))}
        marks = [f"{place}/.complete" for place in places.values()]
        there = set(self._connection.run(f"ls -d {shlex.join(marks)} 2>/dev/null; true").split("\n"))
        return tuple(app for app in apps if app.folder in places and f"{places[app.folder]}/.complete" not in there)

    def make(self, app: App) -> None:
        place = self._place(app)
        if place is None:
            return
        lock = f"{self._shelf.put(app.folder)}/{app.requirements}"
        try:
            provisioning.make_environments(self._connection, self._found, {place: lock})
        except LostError:
            raise
        except HostError as error:
            raise InstallError(error.message, error.hint) from error

    def compile_modules(self, app: App) -> None:
        words = [str(self.python(app)), "-I", "-m", "compileall", "-q", self._shelf.put(app.folder)]
        self._connection.run(f"{shlex.join(words)} >&2; true", within_s=300.0, what="compiling modules")

    def python(self, app: App) -> Path:
        place = self._place(app)
        return Path(place or "", "bin", "python") if place else Path(str(self._found.python))

    def versions(self, app: App) -> Mapping[str, str]:
        words = [str(self.python(app)), "-I", "-c", VERSIONS, *app.versions]
        return dict(json.loads(self._connection.run(shell(words), what=f"reading the versions of {app.name}")))

    def _place(self, app: App) -> str | None:
        name = folder_name(app, self._found.interpreter)
        return f"{self._found.base}/environments/{name}" if name else None
