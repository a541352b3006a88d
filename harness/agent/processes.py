"""Says which processes there are and who descends from whom: from /proc, or from `ps` where there is none."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PS_COLUMNS = ("pid=", "ppid=", "pgid=", "state=", "time=", "rss=", "lstart=", "comm=")


@dataclass(frozen=True)
class Process:
    """One process. `started_at` counts seconds since boot (`ps`: since 1970); pid and start together name it for good.

    `cpu_s` is its own CPU time, `reaped_cpu_s` that of the children it has waited for, with all that they waited for.
    """

    pid: int
    parent: int
    group: int
    session: int
    state: str
    started_at: float
    cpu_s: float
    reaped_cpu_s: float
    threads: int
    rss_bytes: int
    name: str

    @property
    def ended(self) -> bool:
        """Only its parent's wait is missing."""
        return self.state.startswith(("Z", "X"))


Table = Mapping[int, Process]


def table() -> Table:
    """Every process that can be seen now. Not one instant: processes come and go while it is read."""
    if not (_PROC / "self" / "stat").exists():
        return _from_ps()
    pids = (int(name) for name in os.listdir(_PROC) if name.isdecimal())  # noqa: PTH208  # Paths cost thrice the time
    found = (look(pid) for pid in pids)
    return {process.pid: process for process in found if process is not None}


def look(pid: int) -> Process | None:
    """That process, from /proc; None if there is no such process (any more)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return _from_stat(pid, text)


def descendants(table: Table, roots: Iterable[int]) -> set[int]:
    """The pids of `roots` that exist, and of all their children's children."""
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = [root for root in roots if root in table]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def _from_stat(pid: int, text: str) -> Process:
    """Parse /proc/PID/stat (proc(5)). The name stands in brackets and may itself hold brackets and blanks."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    user, system, reaped_user, reaped_system = (int(field) * _TICK_S for field in fields[11:15])
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        state=fields[0],
        started_at=int(fields[19]) * _TICK_S,
        cpu_s=user + system,
        reaped_cpu_s=reaped_user + reaped_system,
        threads=int(fields[17]),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
        name=head.partition("(")[2],
    )


def _from_ps() -> Table:
    command = ["ps", "-ax", *(word for column in _PS_COLUMNS for word in ("-o", column))]
    listing = subprocess.run(
        command, env={"PATH": "/bin:/usr/bin", "LC_ALL": "C"}, capture_output=True, text=True, check=True
    )
    found: dict[int, Process] = {}
    for line in listing.stdout.splitlines():
        with contextlib.suppress(ValueError):
            process = _from_ps_line(line)
            found[process.pid] = process
    return found


def _from_ps_line(line: str) -> Process:
    """The start is five words, as `Sun Nov 22 08:34:11 2026`. Sessions and waited-for children cannot be seen."""
    pid, parent, group, state, cpu, rss, *rest = line.split(maxsplit=11)
    start, name = " ".join(rest[:5]), rest[5]
    return Process(
        pid=int(pid),
        parent=int(parent),
        group=int(group),
        session=int(group),
        state=state,
        started_at=time.mktime(time.strptime(start, "%a %b %d %H:%M:%S %Y")),
        cpu_s=_seconds(cpu),
        reaped_cpu_s=0.0,
        threads=1,
        rss_bytes=int(rss) * 1024,
        name=name.rpartition("/")[2],
    )


def _seconds(clock: str) -> float:
    """`[days-][hours:]minutes:seconds` in seconds."""
    days, _, rest = clock.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + int(days or 0) * 86400
