"""Generator processes that make one load together: begun in step, counted over one window, merged or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from harness.engines.base import longest_s
from harness.engines.clocks import Clock
from harness.engines.merging import closed_window, merged
from harness.engines.orders import CLOCK, WINDOWS, Ended, Go, Window
from harness.engines.process import GeneratorProcess
from harness.model import GeneratorPart, Plan, Recording, Turn

_NS = 1e-9
_EXCHANGES = 8  # the closest of so many tells how far a clock is ahead
_LEAD_NS = 10_000_000  # so that all have heard when to begin
_SHOWN: TypeAdapter[int] = TypeAdapter(int)
_ENDED: TypeAdapter[Ended] = TypeAdapter(Ended)
_RECORDINGS: TypeAdapter[tuple[Recording, ...]] = TypeAdapter(tuple[Recording, ...])


@dataclass(frozen=True)
class Teammate:
    """One of the generators, with so many of the connections."""

    process: GeneratorProcess
    connections: int


@dataclass(frozen=True)
class _Taken:
    """How a turn went, in nanoseconds of our clock. The turn lasted while all of them made load."""

    clocks: Sequence[Clock]
    ended: Sequence[Ended]

    @property
    def starts_ns(self) -> list[int]:
        return [clock.here(one.start_ns) for clock, one in zip(self.clocks, self.ended, strict=True)]

    @property
    def stop_ns(self) -> int:
        return min(clock.here(one.stop_ns) for clock, one in zip(self.clocks, self.ended, strict=True))

    def window(self, turn: Turn, load: int, connections: int) -> Window:
        """The one in which answers to a load are counted; in open loop from the start."""
        if turn.rate_per_s:
            return Window(min(self.starts_ns), self.stop_ns)
        ends = (
            [clock.here(end) for end in one.first_ends[load]]
            for clock, one in zip(self.clocks, self.ended, strict=True)
        )
        return closed_window(ends, connections, self.stop_ns, lead_s=turn.lead_s)


class Team:
    """The generators of a plan. One that dies, hangs or says nonsense fails the turn: the load would have shrunk.

    It is given up when a turn takes `margin_s` longer than the longest that is possible; the first also pays its start.
    """

    def __init__(self, mates: Sequence[Teammate], plan: Plan, margin_s: float) -> None:
        self._mates = mates
        self._plan = plan
        self._margin_s = margin_s

    def take(self, turn: Turn, duration_s: float) -> tuple[Recording, ...]:
        """One recording for each of the turn's contenders. Raises EngineError."""
        clocks = self._compared()
        self._go(clocks, duration_s)
        within_s = longest_s(self._plan, turn) + self._margin_s
        taken = _Taken(clocks, [mate.process.told_as(_ENDED, within_s) for mate in self._mates])
        seen = self._recordings(taken, turn)
        if len(seen) == 1:
            return seen[0]
        return tuple(self._merged(taken, each) for each in zip(*seen, strict=True))

    def _compared(self) -> list[Clock]:
        """How far each one's clock is ahead. All are asked at first, so that they get ready at the same time."""
        clocks = [[clock] for clock in self._exchange(self._mates)]
        if len(self._mates) > 1:
            for mate, read in zip(self._mates, clocks, strict=True):
                read += [clock for _ in range(_EXCHANGES) for clock in self._exchange([mate])]
        return [Clock.closest(read) for read in clocks]

    def _exchange(self, mates: Sequence[Teammate]) -> list[Clock]:
        asked_ns = time.perf_counter_ns()
        for mate in mates:
            mate.process.tell(CLOCK.rstrip())
        return [
            Clock.read(asked_ns, mate.process.told_as(_SHOWN, self._margin_s), time.perf_counter_ns()) for mate in mates
        ]

    def _go(self, clocks: Sequence[Clock], duration_s: float) -> None:
        start_ns = time.perf_counter_ns() + _LEAD_NS + 2 * max(clock.error_ns for clock in clocks)
        for mate, clock in zip(self._mates, clocks, strict=True):
            agreed_ns = clock.there(start_ns) if len(self._mates) > 1 else None
            mate.process.tell(Go(start_ns=agreed_ns, duration_s=duration_s).model_dump_json().encode())

    def _recordings(self, taken: _Taken, turn: Turn) -> list[tuple[Recording, ...]]:
        windows = [taken.window(turn, load, self._plan.connections) for load in range(len(turn.contenders))]
        for mate, clock in zip(self._mates, taken.clocks, strict=True):
            its = tuple(Window(clock.there(one.from_ns), clock.there(one.stop_ns)) for one in windows)
            mate.process.tell(WINDOWS.dump_json(its))
        return [mate.process.told_as(_RECORDINGS, self._margin_s) for mate in self._mates]

    def _merged(self, taken: _Taken, seen: Sequence[Recording]) -> Recording:
        starts_ns = taken.starts_ns
        begun_ns = min(starts_ns)
        parts = [
            GeneratorPart(
                connections=mate.connections,
                duration_s=one.duration_s,
                cpu_s=one.generator_cpu_s,
                empty_s=one.generator_empty_s,
                late_s=(start_ns - begun_ns) * _NS,
                clock_error_s=clock.error_ns * _NS,
            )
            for mate, one, start_ns, clock in zip(self._mates, seen, starts_ns, taken.clocks, strict=True)
        ]
        at = time.time() - (time.perf_counter_ns() - begun_ns) * _NS
        return merged(seen, parts, at, (taken.stop_ns - begun_ns) * _NS)
