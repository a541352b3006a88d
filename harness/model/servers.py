"""What was seen of a server and of its machine: how it was launched, under which limits, and what they used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model.plans import Limits
from harness.model.value import Value


class Process(Value):
    """One process of a server; pid and start time together name it for good."""

    pid: int
    started_at: float
    name: str
    cpu_s: float
    threads: int


class Usage(Value):
    """What a server's process tree has used since its launch, at one moment. Memory is the proportional set size.

    `cpus` are those that one of its processes at least may run on.
    """

    cpu_s: float
    memory_bytes: int | None
    processes: tuple[Process, ...]
    throttled: int | None = None
    oom_kills: int | None = None
    cpus: tuple[int, ...] | None = None


class Credits(Value):
    """A burstable machine's credits, minutes of one CPU each: those left, those borrowed, those charged for."""

    balance: float
    surplus: float | None = None
    charged: float | None = None


class MachineReading(Value):
    """CPU time of the whole host since boot, at one moment; `own_s` is the part of our own processes.

    `exceeded` counts the packets that were held up or dropped because a rented machine's network allowance was
    exceeded, by allowance; None: nobody counts. `credits`: None where there are none, or they are not known.
    """

    monotonic_s: float
    busy_s: float | None
    steal_s: float | None
    own_s: float | None
    exceeded: Mapping[str, int] | None = None
    credits: Credits | None = None


class Enforcement(Value):
    """What was asked of the host and what the kernel says holds."""

    mechanism: str
    asked: Limits
    held: Mapping[str, Any]
    enforced: bool


class Launched(Value):
    """A server that answered correctly. Times run from just before it was spawned."""

    contender: str
    host: str
    port: int
    pid: int
    listening_s: float
    ready_s: float
    command: tuple[str, ...]
    log: str
    enforcement: Enforcement


class Import(Value):
    """What it took to import one module: by itself, and with all that it imported in turn."""

    module: str
    self_s: float
    cumulative_s: float
