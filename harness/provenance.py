"""Says with what a run was made: commit, versions of the generator, digests of all that can change a number.

What measures must stay the same within a run; what derives may change, for all that is derived can be made anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.model import App

_GENERATOR = ("locust", "gevent", "greenlet", "numpy", "scipy")
MEASURING = (
    "agent",
    "engines",
    "hosts",
    "model",
    "block.py",
    "campaign.py",
    "contract.py",
    "environments.py",
    "histogram.py",
    "prepare.py",
    "schedule.py",
    "verify.py",
)
DERIVING = ("guards", "stats", "summary.py", "sweep.py")


def digests(root: Path, apps: Iterable[App], scenario: str) -> Mapping[str, str]:
    """SHA-256 (first 16 digits) of each app's folder, of the scenario, and of the code that measures and that derives.

    Raises FileNotFoundError where one of them is not there: a digest of nothing would never change.
    """
    return {
        "measuring": _digest(root / "harness" / name for name in MEASURING),
        "deriving": _digest(root / "harness" / name for name in DERIVING),
        f"scenario {scenario}": _digest([root / "scenarios" / f"{scenario}.toml"]),
        **{f"app {app.name}": _digest([app.folder]) for app in apps},
    }


def generator_versions() -> Mapping[str, str]:
    """The versions of what makes the load and the numbers."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _GENERATOR}


def commit(root: Path) -> Mapping[str, str | bool | None]:
    """The commit of a checkout and whether its tree was dirty; None where there is no git."""
    head = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain")
    return {"commit": head, "dirty": None if changes is None else bool(changes)}


def _digest(places: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for place in places:
        for path in sorted(_files(place)):
            found.update(f"{path.relative_to(place.parent).as_posix()}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _files(place: Path) -> Iterable[Path]:
    if not place.is_dir():
        return [place]
    return (path for path in place.rglob("*") if path.is_file() and _is_code(path.relative_to(place)))


def _is_code(path: Path) -> bool:
    """Neither bytecode, nor a log, nor in the folder of a tool: such come and go while an app stays the same."""
    folders = path.parts[:-1]
    return not ("__pycache__" in folders or path.suffix == ".log" or any(part.startswith(".") for part in folders))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        found = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
