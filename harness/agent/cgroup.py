"""Says where the kernel keeps a process's control groups, and what their counters read."""

from __future__ import annotations

from pathlib import Path

UNIFIED = ""


def mounts() -> dict[str, Path]:
    """Where each controller's hierarchy is mounted; the unified one (version 2) is under UNIFIED."""
    found: dict[str, Path] = {}
    for line in _lines(Path("/proc/self/mountinfo")):
        place, _, source = line.partition(" - ")
        folder = Path(place.split()[4])
        kind, _, options = source.split(maxsplit=2)
        if kind == "cgroup2":
            found.setdefault(UNIFIED, folder)
        elif kind == "cgroup":
            for option in options.split(","):
                found.setdefault(option, folder)
    return found


def folder(controller: str, pid: int | str = "self") -> Path | None:
    """The folder of that process's group; None where the controller is not mounted.

    In a container the path may be the host's, which does not exist here: its group is the mount itself then.
    """
    mount = mounts().get(controller)
    if mount is None:
        return None
    for line in _lines(Path(f"/proc/{pid}/cgroup")):
        _, names, path = line.split(":", 2)
        inside = mount / path.lstrip("/")
        if controller in names.split(",") and inside.is_dir():
            return inside
    return mount


def throttled(pid: int) -> int | None:
    """How often a CPU quota stopped that process's group or one above it; None where nobody counts."""
    counts = [
        count
        for controller in ("cpu", UNIFIED)
        for group in _upwards(controller, pid)
        if (count := _counter(group / "cpu.stat", "nr_throttled")) is not None
    ]
    return sum(counts) if counts else None


def oom_kills(pid: int) -> int | None:
    """How many processes of that process's group were killed for want of memory; None where nobody counts."""
    for controller, name in (("memory", "memory.oom_control"), (UNIFIED, "memory.events")):
        group = folder(controller, pid)
        count = _counter(group / name, "oom_kill") if group else None
        if count is not None:
            return count
    return None


def _upwards(controller: str, pid: int) -> list[Path]:
    group, mount = folder(controller, pid), mounts().get(controller)
    if group is None or mount is None:
        return []
    return [group, *(parent for parent in group.parents if parent.is_relative_to(mount))]


def _counter(file: Path, name: str) -> int | None:
    for line in _lines(file):
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
