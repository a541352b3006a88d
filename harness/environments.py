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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from harness import pythons
from harness.errors import InputError, InstallError
from harness.model import PYTHON, App
from harness.pythons import Python

UNDER = Path(__file__).resolve().parent.parent / ".environments"
_COMPLETE = ".complete"
_SIZE = re.compile(r"# download: (\d+) MB")
VERSIONS = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class LocalEnvironments:
    """See `hosts.base.Environments`: those of this machine."""

    def __init__(self, under: Path = UNDER) -> None:
        self._under = under

    def missing(self, apps: Sequence[App]) -> tuple[App, ...]:
        return missing(apps, self._under)

    def make(self, app: App) -> None:
        make(app, self._under)

    def compile_modules(self, app: App) -> None:
        compile_modules(app, self._under)

    def python(self, app: App) -> Path:
        return python(app, self._under)

    def versions(self, app: App) -> Mapping[str, str]:
        return versions(app, self._under)


def python(app: App, under: Path) -> Path:
    """The interpreter that runs an app: of its environment, or the bare one if it has nothing to install."""
    environment = _environment(app, under)
    return environment / "bin" / "python" if environment else Path(_bare_python(app).path)


def missing(apps: Sequence[App], under: Path) -> tuple[App, ...]:
    """The apps whose environments have yet to be made."""
    environments = ((app, _environment(app, under)) for app in apps)
    return tuple(app for app, place in environments if place and not _is_made(place))


def download_megabytes(app: App) -> int | None:
    """What making an app's environment downloads, as its lock's first line says; None if it does not say."""
    said = _SIZE.match(lock_of(app).read_text(encoding="utf-8", errors="replace")) if app.requirements else None
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
    asked = _output([str(python(app, under)), "-I", "-c", VERSIONS, *app.versions], app)
    return dict(json.loads(asked))


def _environment(app: App, under: Path) -> Path | None:
    bare = _bare_python(app)
    name = folder_name(app, f"{bare.version} {platform.system()} {platform.machine()} {bare.path}")
    return under.resolve() / name if name else None


def folder_name(app: App, interpreter: str) -> str | None:
    """What an app's environment is called: another lock or another Python is another place. None: it needs none."""
    if app.requirements is None:
        return None
    digest = hashlib.sha256(lock_of(app).read_bytes() + interpreter.encode()).hexdigest()
    return f"{app.name}-{digest[:12]}"


def _is_made(place: Path) -> bool:
    """Whether an environment was made whole, and here: its programs name the folder that they were installed in."""
    complete = place / _COMPLETE
    return complete.exists() and complete.read_text(encoding="utf-8") == str(place)


def lock_of(app: App) -> Path:
    """The lock of an app that has something to install. Raises InputError if there is none."""
    path = app.folder / str(app.requirements)
    if not path.is_file():
        raise InputError(f'"{path}", the lock of {app.name}, does not exist', "See `requirements` in apps/README.md.")
    return path


def _install(app: App, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    uv = find_uv_bin()
    _output([uv, "venv", "--quiet", "--python", _bare_python(app).path, str(place)], app)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes"]
    _output([*install, "--python", str(place / "bin" / "python"), "-r", str(lock_of(app))], app)
    (place / _COMPLETE).write_text(str(place), encoding="utf-8")


def _bare_python(app: App) -> Python:
    """The interpreter beneath its environment: the harness's own, unless it is pinned to a version of Python."""
    return pythons.of(app.pins.get(PYTHON))


def _output(command: Sequence[str], app: App) -> str:
    """What a command writes. uv trusts the system's certificates, as pip does, unless it is told otherwise."""
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    except subprocess.CalledProcessError as error:
        last = "\n".join((error.stderr or "").strip().splitlines()[-5:])
        what = f"the environment of {app.full_name} could not be made"
        raise InstallError(f"{what}:\n{last}", _hint(app, last)) from error
    except OSError as error:
        raise InstallError(
            f'"{command[0]}" cannot be run: {error.strerror}', "Delete .environments and retry."
        ) from error


def _hint(app: App, said: str) -> str:
    if app.pins:
        return "A version may lack what this machine or this Python needs of it: leave it out, or take another Python."
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
