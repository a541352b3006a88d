"""Reads what processes have used: one server's tree, and the whole machine beside our own part of it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import cgroup
from .allowances import exceeded
from .ending import Family
from .limits import allowed_cpus
from .processes import Process, descendants, table

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def usage(family: Family) -> dict[str, Any]:
    """What a server has used since its launch: the shape of the harness's Usage.

    `cpu_s` also counts processes that it had and waited for; those of `processes` are the living ones only.
    """
    members = family.members(table())
    processes = [_process(member) for member in members]
    leader = family.leader.pid
    return {
        "cpu_s": sum(process["cpu_s"] for process in processes) + _reaped_cpu_s(members),
        "memory_bytes": sum(map(_memory_bytes, members)),
        "processes": processes,
        "throttled": cgroup.throttled(leader),
        "oom_kills": cgroup.oom_kills(leader),
        "cpus": allowed_cpus(member.pid for member in members),
    }


def cpu_s(family: Family) -> float:
    """CPU time of a server since its launch, as `usage` has it, at little cost."""
    members = family.members(table())
    return sum(map(_cpu_s, members)) + _reaped_cpu_s(members)


def reading(roots: set[int]) -> dict[str, Any]:
    """CPU time of the machine, and of `roots` with all their descendants: the shape of the harness's MachineReading.

    Living processes count with the children that they waited for, so that between two readings children may come and
    go. Not counted any more is who ends unwaited for, or loses its parents outside of the agent (which adopts its
    orphans): such time looks foreign, never the other way round.
    """
    busy_s, steal_s = _machine()
    monotonic_s = time.monotonic()
    own_s = None
    if busy_s is not None:
        processes = table()
        own = (processes[pid] for pid in descendants(processes, roots))
        own_s = sum(process.cpu_s + process.reaped_cpu_s for process in own)
    told = {"monotonic_s": monotonic_s, "busy_s": busy_s, "steal_s": steal_s, "own_s": own_s}
    return {**told, "exceeded": exceeded()}


def steal_s() -> float | None:
    """CPU time since boot that the hypervisor gave to others, over all CPUs; None where it is not told."""
    return _machine()[1]


def _machine() -> tuple[float | None, float | None]:
    """Busy and stolen seconds over all CPUs (proc(5)): guest time is part of user time; waiting for disks is idle."""
    try:
        first = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return None, None
    user, nice, system, _idle, _waiting, interrupts, soft, *more = map(int, first.split()[1:])
    return (user + nice + system + interrupts + soft) * _TICK_S, more[0] * _TICK_S if more else None


def _process(process: Process) -> dict[str, Any]:
    return {
        "pid": process.pid,
        "started_at": process.started_at,
        "name": process.name,
        "cpu_s": _cpu_s(process),
        "threads": process.threads,
    }


def _reaped_cpu_s(processes: Iterable[Process]) -> float:
    return sum(process.reaped_cpu_s for process in processes)


def _cpu_s(process: Process) -> float:
    """By the process's own CPU clock (clock_getcpuclockid(3)): nanoseconds, and threads that ended count.

    The ticks of /proc/PID/stat are 10 ms.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return time.clock_gettime_ns((~process.pid << 3) | 2) / 1e9
    return process.cpu_s


def _memory_bytes(process: Process) -> int:
    """The proportional set size: what workers share is counted once. The resident set where that is hidden."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return process.rss_bytes
