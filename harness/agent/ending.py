"""Decides who belongs to a launched process, and ends them all: nobody stays behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

from .errors import AgentError
from .processes import Process, Table, descendants, table

_LOOK_S = 0.005
_KILL_WITHIN_S = 5.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets out of sight (Linux)."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """In a process about to be a server: be told to end when the agent is killed outright (Linux).

    This reaches the first process of a server only, and with SIGTERM, so that gunicorn and uvicorn end their workers.
    What ignores SIGTERM survives a SIGKILL of the agent; the next agent finds it by its control group.
    """
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the agent died before the kernel knew whom to tell


class Family:
    """A leader that was spawned in a session of its own, and whoever descends from it.

    The leader is not waited for before everyone has ended: until then its pid, which names group and session, cannot
    be given to a stranger.
    """

    def __init__(self, leader: subprocess.Popen[bytes]) -> None:
        self.leader = leader
        self._seen: set[tuple[int, float]] = set()

    def exit_code(self) -> int | None:
        """How the leader ended, as Popen says it (negative: the signal); None while it lives."""
        if self.leader.returncode is not None or not hasattr(os, "waitid"):
            return self.leader.poll()
        ended = os.waitid(os.P_PID, self.leader.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def members(self, processes: Table) -> list[Process]:
        """Who lives of it: its session, its descendants, and who was one of them when last looked at."""
        pid = self.leader.pid
        session = {process.pid for process in processes.values() if pid in {process.session, process.group}}
        seen = {process.pid for process in processes.values() if _key(process) in self._seen}
        found = [processes[member] for member in descendants(processes, {pid} | session | seen)]
        self.admit(found)
        return [process for process in found if not process.ended]

    def admit(self, processes: Iterable[Process]) -> None:
        """These belong to it too, wherever they have gone."""
        self._seen |= {_key(process) for process in processes}

    def end(self, grace_s: float) -> bool:
        """SIGTERM to all; after the grace, SIGKILL; wait for all. True if SIGKILL was needed.

        Raises AgentError if a process outlives even that (it hangs in the kernel).
        """
        self._signal(signal.SIGTERM)
        killed = not self._gone_within(grace_s, again=None)
        if killed and not self._gone_within(_KILL_WITHIN_S, again=signal.SIGKILL):
            raise AgentError(f"process {self.leader.pid} or a child of it does not end, even by SIGKILL")
        self.leader.wait()
        return killed

    def _gone_within(self, duration_s: float, again: signal.Signals | None) -> bool:
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            if again:
                self._signal(again)  # each time: one may just have been forked
            if not (self.members(table()) or self.members(table())):  # twice: a fork can slip past one look
                return True
            time.sleep(_LOOK_S)
        return False

    def _signal(self, number: signal.Signals) -> None:
        """The group at once, and each member that has left it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies only
            os.killpg(self.leader.pid, number)
        for process in self.members(table()):
            if process.group != self.leader.pid:
                kill(process, number)


def kill(process: Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def strays(families: Iterable[Family]) -> list[Process]:
    """Children of this process that belong to no family: orphans that it has adopted."""
    families = tuple(families)
    processes = table()
    kin = {process.pid for family in families for process in family.members(processes)}
    leaders = {family.leader.pid for family in families}
    children = (process for process in processes.values() if process.parent == os.getpid())
    return [child for child in children if child.pid not in kin | leaders and not child.ended]


def end_strays(families: Iterable[Family]) -> None:
    """Kill every stray, and what is orphaned by that, until none is left."""
    families = tuple(families)
    deadline = time.monotonic() + _KILL_WITHIN_S
    while time.monotonic() < deadline and (found := strays(families) or strays(families)):
        for stray in found:
            kill(stray, signal.SIGKILL)
        time.sleep(_LOOK_S)
    _reap(spare={family.leader.pid for family in families})


def _reap(spare: set[int]) -> None:
    """Wait for every adopted child that has ended, but not for leaders: their families wait for those."""
    for process in table().values():
        if process.parent == os.getpid() and process.ended and process.pid not in spare:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)


def _key(process: Process) -> tuple[int, float]:
    return process.pid, process.started_at
