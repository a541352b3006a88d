"""Ways to spoil a run from outside, as other programs, hosts and people do: each is real, bounded, and undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import psutil

from harness.agent import asked, cgroup, limits
from harness.engines.connection import ConnectionEngine
from harness.engines.stepping import SteppedEngine
from harness.hosts.local import LocalHost
from harness.model import Placement, Plan, Recording, Target, Turn

LABEL = "misbehaving"
_SCRIPT = "misbehave.py"
_INTO_A_SLICE_S = 0.1
_HOG = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
until = time.monotonic() + 60  # whatever becomes of who started it
while time.monotonic() < until: pass
"""
_QUOTA_US, _PERIOD_US = 20_000, 100_000


class CannotError(Exception):
    """This machine does not let us make a disturbance."""


# Beside a run --------------------------------------------------------------------------------------------------------


@contextmanager
def hogged(cpus: Sequence[int]) -> Iterator[None]:
    """Another program that wants these CPUs whole. It is no child of ours: the run does not count it as its own."""
    pids = [_orphan(sys.executable, "-c", _HOG, str(cpu)) for cpu in cpus]
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _orphan(*command: str) -> int:
    """Start a program whose parent ends at once."""
    words = ["sh", "-c", '"$0" "$@" >/dev/null 2>&1 & echo $!', *command]
    return int(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


@contextmanager
def throttled(host: LocalHost) -> Iterator[None]:
    """A quota of CPU time on all that the agent launches, as a container or a small cloud machine may have it.

    Version 1 only: there the group that the agent makes for servers leaves this one alone.
    """
    home = cgroup.folder("cpu", host.agent_pid)
    if home is None:
        raise CannotError("no control group of version 1 can hold a CPU quota here")
    group = home / f"rematch-quota-{os.getpid()}"
    try:
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(_QUOTA_US))
        (group / "cgroup.procs").write_text(str(host.agent_pid))
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        raise CannotError(f"no control group can be made in {home}: {error.strerror}") from error
    try:
        yield
    finally:
        (home / "cgroup.procs").write_text(str(host.agent_pid))
        group.rmdir()


@contextmanager
def short_of_memory(host: LocalHost) -> Iterator[None]:
    """Make sure that the memory limit of the run will hold: else nobody is killed for it."""
    mechanism = limits.best(asked.Limits(host.placement.server_cpus, 1 << 30))
    mechanism.remove()
    if not mechanism.name.startswith("cgroup"):
        raise CannotError("no control group can hold a memory limit here")
    yield


# In the midst of a slice ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Struck:
    """The engine of a run; something happens during the first measured slice of the contender, once a block."""

    strike: Callable[[], None]
    engine: SteppedEngine

    def drive(
        self,
        targets: Mapping[str, Target],
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Iterator[Recording]:
        """See `engines.base.Engine`."""
        with closing(self.engine.drive(targets, plan, turns, placement, log)) as recordings:
            for turn in turns:
                if (turn.contender, turn.round) == (LABEL, 1):
                    Timer(_INTO_A_SLICE_S, self.strike).start()
                yield next(recordings)


def kill_worker(host: LocalHost) -> None:
    """Kill the contender's worker; its master replaces it."""
    for process in _servers(host):
        if process.ppid() != host.agent_pid:
            process.kill()


def move_server(host: LocalHost) -> None:
    """Let the contender's processes run on the generator's CPUs instead of their own."""
    for process in _servers(host):
        _leave_group(process.pid)
        os.sched_setaffinity(process.pid, host.placement.generator_cpus)


def move_generator(host: LocalHost) -> None:
    """Let the generator run on the servers' CPUs instead of its own."""
    for process in psutil.Process().children():
        if ConnectionEngine.module in process.cmdline():
            os.sched_setaffinity(process.pid, host.placement.server_cpus)


def _servers(host: LocalHost) -> list[psutil.Process]:
    return [one for one in psutil.Process(host.agent_pid).children(recursive=True) if _SCRIPT in one.cmdline()]


def _leave_group(pid: int) -> None:
    """Out of the group that keeps it on its CPUs, if there is one: into the topmost."""
    mounts = cgroup.mounts()
    top = mounts.get("cpuset") or mounts.get(cgroup.UNIFIED)
    if top:
        with suppress(PermissionError):
            (top / "cgroup.procs").write_text(str(pid))
