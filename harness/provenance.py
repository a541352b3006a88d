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
    "hosts/agent.py",
    "hosts/base.py",
    "hosts/link.py",
    "hosts/local.py",
    "hosts/placement.py",
    "hosts/replay.py",
    "model",
    "block.py",
    "capacity.py",
    "campaign.py",
    "coldstart.py",
    "contract.py",
    "dataset.py",
    "duet.py",
    "entries.py",
    "environments.py",
    "field.py",
    "histogram.py",
    "idle.py",
    "kinds.py",
    "locks.py",
    "prepare.py",
    "pythons.py",
    "releases.py",
    "rendering.py",
    "schedule.py",
    "services.py",
    "several.py",
    "turns.py",
    "verify.py",
)
TRIALS = ("guards", "stats", "costs.py", "summary.py", "trials.py")
"""What plans trials of known answer, and what calls them: a line of the ledger holds the call itself."""
ELSEWHERE = (
    "hosts/aws",
    "hosts/load.py",
    "hosts/openssh.py",
    "hosts/provisioning.py",
    "hosts/refusals.py",
    "hosts/remote.py",
    "hosts/shelf.py",
    "hosts/site.py",
    "hosts/ssh.py",
    "hosts/survey.py",
)
"""What leads to other machines: a run on this one is made without it."""
BESIDE = ("infra/provision",)
DERIVING = ("audit", "guards", "stats", "lineage.py", "matrix.py", "otherwise.py", "summary.py", "sweep.py")

_CODE = {"measuring": MEASURING, "elsewhere": (*ELSEWHERE, *BESIDE), "deriving": DERIVING, "trials": TRIALS}


def digests(root: Path, apps: Iterable[App], scenarios: Iterable[str]) -> Mapping[str, str]:
    """SHA-256 (first 16 digits) of each app's folder, each scenario, and the code that measures and that derives.

    Raises FileNotFoundError where one of them is not there: a digest of nothing would never change.
    """
    return {
        **{name: _digest(_places(root, name)) for name in ("measuring", "deriving")},
        **{f"scenario {name}": _digest(_places(root, f"scenario {name}")) for name in scenarios},
        **{f"app {app.name}": _digest([app.folder]) for app in apps},
    }


def of_elsewhere(root: Path) -> Mapping[str, str]:
    """The digest of the code that leads to other machines, beside those of `digests` in a run on one of them."""
    return {"elsewhere": _digest(_places(root, "elsewhere"))}


def of_trials(root: Path) -> Mapping[str, str]:
    """The digest of the code that plans trials, beside those of `digests`."""
    return {"trials": _digest(_places(root, "trials"))}


def today(root: Path, names: Iterable[str]) -> Mapping[str, str | None]:
    """What the digests of these names are in a checkout now; None where it holds nothing of the name."""
    found = {name: _places(root, name) for name in names}
    return {
        name: _digest(places) if places and all(place.exists() for place in places) else None
        for name, places in found.items()
    }


def generator_versions() -> Mapping[str, str]:
    """The versions of what makes the load and the numbers."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _GENERATOR}


def commit(root: Path) -> Mapping[str, str | bool | None]:
    """The commit of a checkout and whether its tree was dirty; None where there is no git.

    Lines of what was measured, which grow under results/ while a machine measures, make no tree dirty.
    """
    head = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", ".", ":(exclude)results/*.jsonl")
    return {"commit": head, "dirty": None if changes is None else bool(changes)}


def _places(root: Path, name: str) -> list[Path]:
    """What a digest of this name is made of; none for a name that says nothing here."""
    kind, _, named = name.partition(" ")
    match kind:
        case "measuring" | "elsewhere" | "deriving" | "trials":
            return [root / part if part in BESIDE else root / "harness" / part for part in _CODE[kind]]
        case "scenario" if named:
            return [root / "scenarios" / f"{named}.toml"]
        case "app" if named == "services":
            return [root / "infra" / "services"]
        case "app" if named:
            return [root / "apps" / named]
    return []


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
