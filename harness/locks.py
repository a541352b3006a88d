"""Decides what is installed for a contender that is pinned to versions: a lock of its own, near that of its app.

Only the pinned distribution's range is another one. All else stays at what the app's own lock says; where that cannot
be, at what its requirements allow; and where that cannot be either, what stands in the way moves as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

from harness import pythons
from harness.environments import UNDER, lock_of
from harness.errors import InputError, InstallError, StoreError
from harness.model import PYTHON, App, Contender, canonical, newness
from harness.pythons import LATEST

FOLDER = "locks"
_LOWEST = ".".join(map(str, pythons.OLDEST))  # as in requirements/lock: what `latest` is hangs on no machine
_LOCKED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)(.*)", re.MULTILINE)
_OFFLINE = "not found in the cache"  # with UV_OFFLINE uv takes for missing what it may not ask for
_LONGEST = 600  # characters of what uv says
_REQUIRED = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?[^;#]*(;[^#]*)?")


def names(app: App) -> tuple[str, ...]:
    """All that an app's lock may install."""
    return tuple(_versions(_text(lock_of(app)))) if app.requirements else ()


def resolved(app: App, wishes: Mapping[str, str], under: Path = UNDER) -> App:
    """The app pinned to the newest versions that wishes such as `0.115` or `latest` allow, with a lock for these.

    Raises InputError where there are none, InstallError where the package registry cannot be asked.
    """
    pins = {PYTHON: pythons.newest(wishes[PYTHON]).version} if PYTHON in wishes else {}
    wanted = {name: wish for name, wish in wishes.items() if name != PYTHON}
    if wanted:
        _refuse_strangers(app, wanted)
        text = _compiled(app, {name: _bound(wish) for name, wish in wanted.items()}, pins)
        found = {name: min(_versions(text)[name], key=newness) for name in wanted}  # of several it serves any Python
        lock = _lock(app, found, pins, under)
        if all(len(_versions(text)[name]) == 1 for name in wanted) and not lock.exists():
            _write(lock, text)
        pins |= found
    return settled(app.model_copy(update={"pins": {name: pins[name] for name in wishes}}), under)


def settled(app: App, under: Path = UNDER) -> App:
    """An app that is pinned to exact versions with the lock for these, which is made unless it is there already."""
    exact = {name: version for name, version in app.pins.items() if name != PYTHON}
    if not exact:
        return app
    _refuse_strangers(app, exact)
    lock = _lock(app, exact, app.pins, under)
    if not lock.exists():
        _write(lock, _compiled(app, {name: f"=={version}" for name, version in exact.items()}, app.pins))
    return app.model_copy(update={"requirements": str(lock)})


def kept(contender: Contender, folder: Path | None) -> Contender:
    """A pinned contender with the lock that a run's folder keeps of it, else with one as it is made now."""
    lock = folder / f"{contender.label}.lock" if folder else None
    if lock and lock.is_file() and contender.app.requirements:
        app = contender.app.model_copy(update={"requirements": str(lock.resolve())})
    else:
        app = settled(contender.app)
    return contender.model_copy(update={"app": app})


def keep(contenders: Sequence[Contender], folder: Path) -> None:
    """Put the locks of pinned contenders into a run's folder, unless they are there. Raises StoreError."""
    for one in contenders:
        place = folder / FOLDER / f"{one.label}.lock"
        if one.app.pins and one.app.requirements and not place.exists():
            _write(place, _text(lock_of(one.app)))


def moved(app: App, base: App) -> Iterator[str]:
    """What else than the pins is in another version in an app's lock than in its own one: `starlette 0.46.2`."""
    if not app.requirements:
        return
    before, after = (_text(lock_of(one)) for one in (base, app))
    old, new = _versions(before), _versions(after)
    for name in sorted(new.keys() - app.pins.keys()):
        if not new[name] <= old.get(name, set()):
            yield f"{name} {' or '.join(sorted(new[name], key=newness))}"
    for name in sorted(old.keys() - new.keys() - _conditional(before)):
        yield f"no {name}"


def _refuse_strangers(app: App, wanted: Mapping[str, str]) -> None:
    lacking = sorted(wanted.keys() - {*names(app)})
    if lacking:
        raise InputError(
            f"{app.name} does not install {', '.join(lacking)}", "Its requirements.lock says what it does."
        )


def _bound(wish: str) -> str:
    """As a range: every release that begins with these numbers, or any."""
    if wish == LATEST:
        return ""
    return f"=={wish}.*" if re.fullmatch(r"\d+(\.\d+)*", wish) else f"=={wish}"


def _compiled(app: App, bounds: Mapping[str, str], pins: Mapping[str, str]) -> str:
    """A lock, made from the app's own: what stands in that is taken again where nothing speaks against it."""
    source = lock_of(app).with_suffix(".in")
    if not source.is_file():
        raise InputError(f'"{source}" does not exist', "It says which versions an app needs, and so what can be moved.")
    with tempfile.TemporaryDirectory(prefix="rematch-") as work:
        folder = Path(work)
        (folder / "requirements.lock").write_text(_text(lock_of(app)), encoding="utf-8")
        for free in (False, True):
            asked, rest = _asked(_text(source), bounds, free=free)
            (folder / "requirements.in").write_text(asked, encoding="utf-8")
            (folder / "pins.txt").write_text(rest, encoding="utf-8")
            done = _asked_uv(bounds, pins.get(PYTHON), folder)
            if done.returncode == 0:
                return _text(folder / "requirements.lock")
    raise _refusal(app, bounds, done.stderr.strip())


def _asked(requirements: str, bounds: Mapping[str, str], *, free: bool) -> tuple[str, str]:
    """The app's requirements, those pinned with another range; and, as constraints, the pins of what comes with others.

    `free`: without the ranges of all that is not pinned.
    """
    lines, direct = [], set()
    for line in requirements.splitlines():
        found = _REQUIRED.match(line)
        if found:
            name, extras, marker = canonical(found[1]), found[2] or "", found[3] or ""
            bound = bounds.get(name, "" if free else None)
            lines.append(line if bound is None else f"{name}{extras}{bound} {marker}")
            direct.add(name)
    rest = [f"{name}{bound}" for name, bound in bounds.items() if name not in direct]
    return "\n".join([*lines, ""]), "\n".join([*rest, ""])


def _asked_uv(bounds: Mapping[str, str], python: str | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """With the options of requirements/lock."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    command += ["--python-version", _floor(python), "--python", pythons.of(python).path, "--constraints", "pins.txt"]
    command += [word for name in bounds for word in ("--upgrade-package", name)]
    command += ["requirements.in", "--output-file", "requirements.lock"]
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def _floor(python: str | None) -> str:
    """The oldest Python that a lock is for."""
    return ".".join(python.split(".")[:2]) if python else _LOWEST


def _refusal(app: App, bounds: Mapping[str, str], said: str) -> InputError | InstallError:
    wanted = ", ".join(f"{name} {bound[2:].removesuffix('.*') or LATEST}" for name, bound in bounds.items())
    because = " ".join(said.partition("cause: ")[2].partition("\n\n")[0].split()) or said
    because = f"{because[:_LONGEST]} ..." if len(because) > _LONGEST else because
    if "No solution" not in said or _OFFLINE in said:
        hint = "Is the package registry reachable? A proxy or mirror is set with uv's variables (UV_DEFAULT_INDEX ...)."
        return InstallError(f"{app.name} with {wanted}: no lock could be made: {because}", hint)
    hint = "Name another version." if "Python>=" not in because else "Ask for a newer Python, too: --matrix python=..."
    return InputError(f"{app.name} cannot be had with {wanted}: {because}", hint)


def _lock(app: App, exact: Mapping[str, str], pins: Mapping[str, str], under: Path) -> Path:
    """Where the lock is that the app's own, its requirements and these versions make."""
    own = lock_of(app)
    source = own.with_suffix(".in")
    versions = json.dumps([_floor(pins.get(PYTHON)), sorted(exact.items())])
    told = [_text(own), _text(source) if source.is_file() else "", versions]
    digest = hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]
    return under.resolve() / FOLDER / f"{app.name}-{digest}" / "requirements.lock"


def _versions(lock: str) -> dict[str, set[str]]:
    """By name the versions that a lock holds: more than one where Pythons or systems differ."""
    found: dict[str, set[str]] = {}
    for name, version, _ in _LOCKED.findall(lock):
        found.setdefault(name, set()).add(version)
    return found


def _conditional(lock: str) -> set[str]:
    """What a lock installs for some Pythons or systems only."""
    return {name for name, _, rest in _LOCKED.findall(lock) if ";" in rest}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f'"{path}" cannot be written: {error.strerror}', "Free some space.") from error
