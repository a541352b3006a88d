"""The limits that are asked for, all servers together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is asked: the CPUs that all servers may use, and the memory and the CPU time that they share.

    `cpu_quota`: CPU seconds in a second, all of them together. None: as much as there is.
    """

    cpus: tuple[int, ...]
    memory_bytes: int | None = None
    cpu_quota: float | None = None
