"""A turn that was taken, and what is recorded of each of its loads. Runs in the generator's process only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness import histogram
from harness.engines.facts import Facts, Journal, answered_by
from harness.engines.load import Load
from harness.engines.pace import Pace
from harness.model import Paced, Recording, Turn

_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Edge:
    """A moment: wall clock, steady clock, CPU time of this process."""

    at: float
    ns: int
    cpu_ns: int

    @classmethod
    def now(cls) -> Edge:
        return cls(time.time(), time.perf_counter_ns(), time.process_time_ns())


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn that was taken. In open loop users wait from `start` on for what is due, first at `begun_ns`."""

    turn: Turn
    loads: tuple[Load, ...]
    begun_ns: int
    start: Edge
    stop: Edge
    empty_ns: int


def recording(taken: Taken, load: Load, found: Facts, stop_ns: int) -> Recording:
    """What happened to one load. `stop_ns`: the end of the window in which it was counted."""
    turn, start, stop = taken.turn, taken.start, taken.stop
    return Recording(
        contender=load.contender,
        round=turn.round,
        started_at=start.at,
        duration_s=(stop.ns - start.ns) * _NS,
        lead_s=turn.lead_s,
        answered=found.all_ns.size,
        counted=found.counted,
        counted_s=found.counted_s,
        errors=dict(load.errors),
        first_error=load.first_error,
        latency=found.latency,
        longest_s=found.longest_s,
        busy=found.busy,
        connections=load.open_connections,
        reconnects=load.reconnects,
        asked_again=load.asked_again,
        generator_cpu_s=(stop.cpu_ns - start.cpu_ns) * _NS,
        generator_empty_s=taken.empty_ns * _NS,
        drain_s=(load.drained_ns - stop_ns) * _NS,
        paced=_paced(load.pace, turn.share, load.journals, stop_ns) if load.pace and turn.share else None,
        alternatives=_counted([(alternative, count) for (_, alternative), count in load.apart.items()]),
        counted_alternatives=found.counted_alternatives,
        by_request=_counted([(request, count) for (request, _), count in load.apart.items()]),
        ran_out=load.ran_out,
    )


def _counted(counts: Sequence[tuple[str | None, int]]) -> dict[str, int]:
    """The sum for each name, in alphabetical order."""
    names = sorted({name for name, _ in counts if name is not None})
    return {name: sum(count for each, count in counts if each == name) for name in names}


def _paced(pace: Pace, share: float, journals: Sequence[Journal], stop_ns: int) -> Paced:
    return Paced(
        share=share,
        rate_per_s=pace.rate_per_s,
        due=pace.count,
        in_time=answered_by(journals, stop_ns),
        queued=pace.queued,
        lag=histogram.of(np.array(pace.lags_ns) * _NS),
    )
