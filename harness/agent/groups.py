"""Control groups for the server side: where one may be made, what is written to it, how it is removed.

Version 2 only where the tree hands cpuset and memory down; version 1 as root, on every mounted hierarchy. A quota of
CPU time is of short periods: a slice of a quarter of a second must hold many.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import cgroup
from .asked import Limits
from .processes import look

_PERIOD_US = 10_000
_NO_LIMIT = 1 << 62  # version 1 writes the largest number of whole pages
_PREFIX = "rematch-"


def groups() -> Iterator[Group]:
    """Groups that might be made, the best first; each named after this agent, so that the next can tell it is dead.

    What dead agents left behind is removed on the way.
    """
    name = _PREFIX + _life(os.getpid())
    for above in _unified_homes():
        _sweep(above)
        yield Group("cgroup v2", above / name, above / name, above / name, "memory.max", "memory.swap.max")
    cpuset, memory, cpu = (cgroup.folder(controller) for controller in ("cpuset", "memory", "cpu"))
    if cpuset and memory:
        for above in (cpuset, memory, *([cpu] if cpu else [])):
            _sweep(above)
        files = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
        yield Group("cgroup v1", cpuset / name, memory / name, cpu / name if cpu else None, *files)


@dataclass(frozen=True)
class Group:
    """A control group. In version 1 each controller has a tree of its own; in version 2 all folders are one.

    Its `cpu` folder is made only where a quota is asked for; None: there is none to be had.
    """

    name: str
    cpuset: Path
    memory: Path
    cpu: Path | None
    memory_file: str
    swap_file: str

    def ask(self, limits: Limits) -> None:
        for folder in (self.cpuset, self.memory):
            folder.mkdir(exist_ok=True)
        _write(self.cpuset / "cpuset.mems", (self.cpuset.parent / _effective(self.cpuset, "mems")).read_text().strip())
        _write(self.cpuset / "cpuset.cpus", ",".join(map(str, limits.cpus)))
        if limits.memory_bytes is not None:
            self._ask_memory(limits.memory_bytes)
        if limits.cpu_quota is not None:
            self._ask_quota(limits.cpu_quota)

    def _ask_memory(self, size_bytes: int) -> None:
        """No swap beside the memory: version 1 counts both together and wants the sum last, version 2 swap alone."""
        _write(self.memory / self.memory_file, str(size_bytes))
        with contextlib.suppress(OSError):  # a kernel that does not account for swap: the memory limit holds still
            _write(self.memory / self.swap_file, "0" if self.memory == self.cpuset else str(size_bytes))

    def _ask_quota(self, quota: float) -> None:
        """Where it cannot be had the other limits hold still, and what is read back says so."""
        share_us = round(quota * _PERIOD_US)
        with contextlib.suppress(OSError):
            if self.cpu == self.cpuset:
                _write(self.cpu / "cpu.max", f"{share_us} {_PERIOD_US}")
            elif self.cpu:
                self.cpu.mkdir(exist_ok=True)
                _write(self.cpu / "cpu.cfs_period_us", str(_PERIOD_US))
                _write(self.cpu / "cpu.cfs_quota_us", str(share_us))

    def join(self) -> None:
        for folder in self._folders:
            _write(folder / "cgroup.procs", "0")

    def memory_bytes(self, pids: Iterable[int]) -> int | None:
        text = (self.memory / self.memory_file).read_text().strip()
        limited = text.isdecimal() and int(text) < _NO_LIMIT
        return int(text) if limited and _holds(self.memory, pids) else None

    def cpu_quota(self, pids: Iterable[int]) -> float | None:
        """What is written there, over the period: "max" and -1 are no quota."""
        if self.cpu is None or not _holds(self.cpu, pids):
            return None
        told = [_read(self.cpu / name) for name in ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us")]
        share, *period = " ".join(told).split() or ["max"]
        return int(share) / int(period[0]) if share.isdecimal() and period else None

    def remove(self) -> None:
        for folder in self._folders:
            _remove(folder)

    @property
    def _folders(self) -> tuple[Path, ...]:
        """Those that are there, each once."""
        known = dict.fromkeys(one for one in (self.cpuset, self.memory, self.cpu) if one)
        return tuple(one for one in known if one.exists())


def _holds(folder: Path, pids: Iterable[int]) -> bool:
    """Whether all these processes are in that group."""
    return {int(pid) for pid in _read(folder / "cgroup.procs").split()}.issuperset(pids)


def _unified_homes() -> list[Path]:
    """Version 2: our own group and those above it, as far as they hand both controllers down to their children."""
    own, mount = cgroup.folder(cgroup.UNIFIED), cgroup.mounts().get(cgroup.UNIFIED)
    if own is None or mount is None:
        return []
    homes = [folder for folder in (own, *own.parents) if folder.is_relative_to(mount)]
    return [home for home in homes if {"cpuset", "memory"} <= set(_read(home / "cgroup.subtree_control").split())]


def _sweep(above: Path) -> None:
    """Remove the groups of agents that were killed, and end the servers still in them."""
    for folder in above.glob(_PREFIX + "*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.name != _PREFIX + _life(int(pid) if pid.isdecimal() else 0):
            _end_members(folder)
            _remove(folder)


def _end_members(folder: Path) -> None:
    """Kill them, unless one reads as 0: then they are another container's, whose agent we cannot see either."""
    pids = [int(pid) for pid in _read(folder / "cgroup.procs").split()]
    if 0 in pids:
        return
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _life(pid: int) -> str:
    """A name for that process which no later one will bear."""
    process = look(pid)
    return f"{pid}-{process.started_at:.2f}" if process else ""


def _remove(folder: Path) -> None:
    """A group is busy for a moment after its last process ended. One that stays is swept by the next agent."""
    for _ in range(100):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                return
            time.sleep(0.01)
        else:
            return


def _effective(folder: Path, what: str) -> str:
    names = (f"cpuset.effective_{what}", f"cpuset.{what}.effective")
    return next((name for name in names if (folder.parent / name).exists()), f"cpuset.{what}")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _write(file: Path, text: str) -> None:
    """In one unbuffered write, without creating the file: a kernel file that is missing is a limit that is missing."""
    number = os.open(file, os.O_WRONLY)
    try:
        os.write(number, text.encode())
    finally:
        os.close(number)
