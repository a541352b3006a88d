"""How fast this machine is now, in framework-like work: on one CPU alone, and on two together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DURATION_S = 0.25


@dataclass(frozen=True)
class _Item:
    number: int
    name: str
    tags: tuple[str, ...]


def speed(cpus: Sequence[int]) -> dict[str, Any]:
    """Rounds of work per second: of the first CPU alone, then of the first two at once. Takes about half a second."""
    alone = _rounds_per_s(cpus[:1])
    together = _rounds_per_s(cpus[:2]) if len(cpus) > 1 else None
    return {"alone_per_s": alone[0], "together_per_s": together}


def _rounds_per_s(cpus: Sequence[int]) -> list[float | None]:
    """One process per CPU, all at the same time. Forked: the agent has one thread and little memory."""
    ends = [_forked(cpu) for cpu in cpus]
    rates = []
    for pid, readable in ends:
        with os.fdopen(readable) as result:
            rate = result.read()
            rates.append(float(rate) if rate else None)
        os.waitpid(pid, 0)
    return rates


def _forked(cpu: int) -> tuple[int, int]:
    readable, writable = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writable)
        return pid, readable
    try:
        signal.set_wakeup_fd(-1)
        with contextlib.suppress(AttributeError, OSError):  # no affinity on macOS
            os.sched_setaffinity(0, {cpu})
        os.write(writable, str(_rate()).encode())
    finally:
        os._exit(0)


def _rate() -> float:
    begin = time.perf_counter()
    rounds = 0
    while (duration_s := time.perf_counter() - begin) < _DURATION_S:
        _work(rounds)
        rounds += 1
    return rounds / duration_s


def _work(number: int) -> str:
    """What a small endpoint does, without the sockets: objects, a dict, JSON there and back."""
    items = [_Item(index, f"item {index}", ("new", "cheap")) for index in range(number, number + 5)]
    text = json.dumps({"items": [vars(item) for item in items], "count": len(items)})
    return str(json.loads(text)["items"][-1]["name"])
