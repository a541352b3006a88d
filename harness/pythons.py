"""The Pythons of this machine that an app can run on: installed ones, as uv finds them; nothing is downloaded."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from uv import find_uv_bin

from harness.errors import InputError
from harness.model import newness

OLDEST = (3, 11)
"""What apps and locks are made for, and later ones."""
LATEST = "latest"
_BARE = 'import os, sys; print(os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2]))'


class Python(NamedTuple):
    """An interpreter beneath all environments."""

    version: str
    path: str


def own() -> Python:
    """The one beneath the harness's own environment."""
    path = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Python(platform.python_version(), str(path))


def newest(wish: str) -> Python:
    """The newest one of a version such as `3.12`, or of any: `latest`. Raises InputError with all that are there."""
    for one in found():
        if wish == LATEST or f"{one.version}.".startswith(f"{wish}."):
            return one
    there = ", ".join(one.version for one in found())
    raise InputError(
        f'there is no Python "{wish}" on this machine',
        f"There is: {there}. Others count once they are installed and on PATH, or known to uv.",
    )


@cache
def found() -> tuple[Python, ...]:
    """Each version once, the newest first; of two of one version the harness's own, else the first on PATH."""
    listed = (Python(one["version"], one["path"]) for one in _listed() if _serves(one))
    each = {one.version: one for one in reversed((own(), *listed))}
    return tuple(sorted(each.values(), key=lambda one: newness(one.version), reverse=True))


def of(version: str | None) -> Python:
    """The one of just this version; None: the harness's own. Raises InputError."""
    return _bare(newest(version)) if version else own()


@cache
def _bare(python: Python) -> Python:
    """The interpreter itself: what stands on PATH may be a script that looks at where it is called."""
    asked = subprocess.run([python.path, "-I", "-c", _BARE], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return python._replace(path=path) if Path(path).is_file() else python


def _listed() -> list[dict[str, Any]]:
    command = [find_uv_bin(), "python", "list", "--only-installed", "--output-format", "json"]
    asked = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    )
    return list(json.loads(asked.stdout)) if asked.returncode == 0 else []


def _serves(one: dict[str, Any]) -> bool:
    parts = one["version_parts"]
    return (
        (parts["major"], parts["minor"]) >= OLDEST
        and one["implementation"] == "cpython"
        and one["variant"] == "default"
    )
