"""One virtual environment per app, made from its lock, so that cold start and memory stay its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from harness.errors import InputError, InstallError
from harness.model import App

_COMPLETE = ".complete"
_SIZE = re.compile(r"# download: (\d+) MB")
_VERSIONS = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def python(app: App, under: Path) -> Path:
    """The interpreter that runs an app: of its environment, or the bare one if it has nothing to install."""
    environment = _environment(app, under)
    return environment / "bin" / "python" if environment else Path(_bare_python())


def missing(apps: Sequence[App], under: Path) -> tuple[App, ...]:
    """The apps whose environments have yet to be made."""
    environments = ((app, _environment(app, under)) for app in apps)
    return tuple(app for app, place in environments if place and not _is_made(place))


def download_megabytes(app: App) -> int | None:
    """What making an app's environment downloads, as its lock's first line says; None if it does not say."""
    said = _SIZE.match(_lock(app).read_text(encoding="utf-8", errors="replace")) if app.requirements else None
    return int(said[1]) if said else None


def make(app: App, under: Path) -> None:
    """Make an app's environment unless it is there, bytecode of what is installed included. Raises InstallError."""
    place = _environment(app, under)
    if missing([app], under) and place:
        with _alone(under):
            if not _is_made(place):
                _install(app, place)


def compile_modules(app: App, under: Path) -> None:
    """Bytecode of the app's own modules; where its folder cannot be written, each start compiles them anew."""
    command = [str(python(app, under)), "-I", "-m", "compileall", "-q", str(app.folder)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def versions(app: App, under: Path) -> Mapping[str, str]:
    """The versions of Python and of the distributions that an app reports. Raises InstallError."""
    asked = _output([str(python(app, under)), "-I", "-c", _VERSIONS, *app.versions], app)
    return dict(json.loads(asked))


def _environment(app: App, under: Path) -> Path | None:
    """Where an app's environment belongs: another lock or another Python is another place."""
    if app.requirements is None:
        return None
    made_of = (
        _lock(app).read_bytes()
        + f"{platform.python_version()} {platform.system()} {platform.machine()} {_bare_python()}".encode()
    )
    return under.resolve() / f"{app.name}-{hashlib.sha256(made_of).hexdigest()[:12]}"


def _is_made(place: Path) -> bool:
    """Whether an environment was made whole, and here: its programs name the folder that they were installed in."""
    complete = place / _COMPLETE
    return complete.exists() and complete.read_text(encoding="utf-8") == str(place)


def _lock(app: App) -> Path:
    path = app.folder / str(app.requirements)
    if not path.is_file():
        raise InputError(f'"{path}", the lock of {app.name}, does not exist', "See `requirements` in apps/README.md.")
    return path


def _install(app: App, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    uv = find_uv_bin()
    _output([uv, "venv", "--quiet", "--python", _bare_python(), str(place)], app)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes"]
    _output([*install, "--python", str(place / "bin" / "python"), "-r", str(_lock(app))], app)
    (place / _COMPLETE).write_text(str(place), encoding="utf-8")


def _bare_python() -> str:
    """The interpreter beneath the harness's own environment."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def _output(command: Sequence[str], app: App) -> str:
    """What a command writes. uv trusts the system's certificates, as pip does, unless it is told otherwise."""
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    except subprocess.CalledProcessError as error:
        last = "\n".join((error.stderr or "").strip().splitlines()[-5:])
        raise InstallError(f"the environment of {app.name} could not be made:\n{last}", _hint(app, last)) from error
    except OSError as error:
        raise InstallError(
            f'"{command[0]}" cannot be run: {error.strerror}', "Delete .environments and retry."
        ) from error


def _hint(app: App, said: str) -> str:
    if "hash" in said:
        return f"Write its lock from its requirements.in: requirements/lock {shlex.quote(str(app.folder))}"
    return "Is the package registry reachable? A proxy or mirror is set with uv's variables (UV_DEFAULT_INDEX ...)."


@contextmanager
def _alone(under: Path) -> Iterator[None]:
    """Only one process at a time makes environments in a folder."""
    try:
        under.mkdir(parents=True, exist_ok=True)
        lock = (under / ".lock").open("w")
    except OSError as error:
        raise InstallError(
            f'"{under}" cannot be written: {error.strerror}', "Clone Rematch where you may write."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
