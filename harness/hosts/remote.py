"""Environments on a site, made there of the same locks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.environments import VERSIONS, folder_name, lock_of
from harness.errors import HostError, InputError, InstallError, LostError
from harness.hosts import provisioning
from harness.hosts.openssh import shell
from harness.hosts.site import Site
from harness.model import PYTHON, App

_COMPILED_WITHIN_S = 300.0


class RemoteEnvironments:
    """See `hosts.base.Environments`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def missing(self, apps: Sequence[App]) -> tuple[App, ...]:
        placed = ((app, self._place(app)) for app in apps)
        return tuple(app for app, place in placed if place and not is_made(self._site, place))

    def make(self, app: App) -> None:
        place = self._place(app)
        if place is None:
            return
        found = lock_of(app)
        folder = app.folder if found.is_relative_to(app.folder) else found.parent
        lock = f"{self._site.shelf.put(folder)}/{found.relative_to(folder).as_posix()}"
        try:
            provisioning.make_environments(self._site.connection, self._site.found, {place: lock})
        except LostError:
            raise
        except HostError as error:
            raise InstallError(error.message, error.hint) from error

    def compile_modules(self, app: App) -> None:
        words = [str(self.python(app)), "-I", "-m", "compileall", "-q", self._site.shelf.put(app.folder)]
        self._site.connection.run(f"{shlex.join(words)} >&2; true", within_s=_COMPILED_WITHIN_S, what="compiling")

    def python(self, app: App) -> Path:
        place = self._place(app)
        return Path(place, "bin", "python") if place else Path(str(self._site.found.python))

    def versions(self, app: App) -> Mapping[str, str]:
        words = [str(self.python(app)), "-I", "-c", VERSIONS, *app.versions]
        what = f"reading the versions of {app.name}"
        return dict(json.loads(self._site.connection.run(shell(words), what=what)))

    def _place(self, app: App) -> str | None:
        if PYTHON in app.pins:
            raise InputError(
                f"{app.full_name}: another Python than the host's own can only be chosen on this machine",
                "Leave it out, or leave --host out.",
            )
        name = folder_name(app, self._site.found.interpreter)
        return f"{self._site.found.base}/environments/{name}" if name else None


def is_made(site: Site, place: str) -> bool:
    """Whether an environment is there, and whole."""
    return "whole" in site.connection.run(f"test -e {shlex.quote(place)}/.complete && echo whole; true")
