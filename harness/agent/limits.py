"""Decides how limits are enforced here: control groups (version 2, else 1), else CPU affinity, else not at all.

The limit is for the server side as a whole, so there is one group, and all servers are in it. Whether it held is read
back from the kernel.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from typing import Any, Protocol

from .asked import Limits
from .groups import groups

_OPEN_FILES = 20_000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Mechanism(Protocol):
    """One way to hold servers to limits."""

    @property
    def name(self) -> str:
        """What the mechanism is called in evidence."""

    def ask(self, limits: Limits) -> None:
        """Set what is asked, for servers that run and those to come. Raises OSError where it cannot be had."""

    def join(self) -> None:
        """Put the calling process, a server about to be, under the limits."""

    def memory_bytes(self, pids: Iterable[int]) -> int | None:
        """The memory limit that the kernel says holds for all these processes."""

    def cpu_quota(self, pids: Iterable[int]) -> float | None:
        """The quota of CPU time that the kernel says holds for all these processes."""

    def remove(self) -> None:
        """Leave nothing behind."""


def best(limits: Limits) -> Mechanism:
    """The best mechanism that can be had here, with `limits` set. Groups of agents that died are removed."""
    for group in groups():
        try:
            group.ask(limits)
        except OSError:
            group.remove()
        else:
            return group
    mechanism = Affinity() if hasattr(os, "sched_setaffinity") else Nothing()
    mechanism.ask(limits)
    return mechanism


def evidence(mechanism: Mechanism, limits: Limits, pids: Iterable[int]) -> dict[str, Any]:
    """What holds for these processes by the kernel's own account, beside what was asked."""
    pids = tuple(pids)
    cpus = allowed_cpus(pids)
    memory, quota = mechanism.memory_bytes(pids), mechanism.cpu_quota(pids)
    asked = limits.memory_bytes
    return {
        "mechanism": mechanism.name,
        "asked": {"cpus": limits.cpus, "memory_bytes": asked, "cpu_quota": limits.cpu_quota},
        "held": {"cpus": cpus, "memory_bytes": memory, "cpu_quota": quota, "open_files": open_files(pids)},
        "enforced": cpus == sorted(limits.cpus)
        and (asked is None or memory == _pages(asked))
        and (limits.cpu_quota is None or quota == limits.cpu_quota),
    }


def open_many_files() -> None:
    """Let the calling process hold many connections, as far as the system allows: the usual 1,024 files are too few."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def open_files(pids: Iterable[int]) -> int | None:
    """How many files each of these processes may open at least; None where that is unlimited, or the kernel is mum."""
    limits = []
    for pid in pids if hasattr(resource, "prlimit") else ():
        with contextlib.suppress(ProcessLookupError):
            limits.append(resource.prlimit(pid, resource.RLIMIT_NOFILE)[0])
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)


def allowed_cpus(pids: Iterable[int]) -> list[int] | None:
    """The CPUs that one of them at least may run on; None where the kernel does not tell."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed: set[int] = set()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            allowed |= os.sched_getaffinity(pid)
    return sorted(allowed)


def _pages(size_bytes: int) -> int:
    """As the kernel keeps it: rounded down to whole pages."""
    return size_bytes // _PAGE_BYTES * _PAGE_BYTES


class Nothing:
    """No limits: macOS."""

    name = "none"

    def ask(self, limits: Limits) -> None:
        """Nothing can be asked for."""

    def join(self) -> None:
        """There is nothing to join."""

    def memory_bytes(self, pids: Iterable[int]) -> int | None:  # noqa: ARG002  # the mechanism's shape
        return None

    def cpu_quota(self, pids: Iterable[int]) -> float | None:  # noqa: ARG002  # the mechanism's shape
        return None

    def remove(self) -> None:
        """There is nothing to remove."""


class Affinity(Nothing):
    """The CPUs that a process may run on: any user may choose them, its children inherit them."""

    name = "affinity"

    def __init__(self) -> None:
        self._cpus: tuple[int, ...] = ()

    def ask(self, limits: Limits) -> None:
        self._cpus = limits.cpus

    def join(self) -> None:
        os.sched_setaffinity(0, self._cpus)
