"""Gives a Locust environment's users one turn of load after the other. Runs in the generator's process only."""

from __future__ import annotations

import gc
import itertools
import os
import re
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gevent
import numpy as np
from gevent.event import AsyncResult
from locust import User, task
from locust.env import Environment

from harness import histogram
from harness.engines.base import turn_duration_s
from harness.engines.facts import Facts, Journal, answered_by, facts, paced_facts
from harness.engines.job import Job
from harness.engines.load import Load
from harness.engines.pace import Pace
from harness.engines.spinner import Spinner
from harness.engines.totals import fold
from harness.model import Paced, Recording, Turn

_NS = 1e-9
_WARM_UP = 0
_LATE_USER_S = 0.001
_LEAD_NS = 2_000_000  # until all users wait for what is due


class StagedUser(User):
    """A Locust user whose one task is to take part in the next turn. Subclasses say how."""

    abstract = True
    stage: Stage

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.bank, self.seat = self.stage.place()

    @task
    def turn(self) -> None:
        loads = self.stage.next_loads()
        if self.bank >= len(loads):
            return
        load = loads[self.bank]
        try:
            self.take_part(load)
        except Exception:  # noqa: BLE001  # whatever it is, a turn that lacks a user must not be measured
            traceback.print_exc()
            os._exit(1)
        finally:
            load.leave()

    def take_part(self, load: Load) -> None:
        """Ask one question after the other while `load.running`, then end the last one."""
        raise NotImplementedError

    def expire(self, now_ns: int) -> None:
        """Give up the request under way if it has taken too long."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A moment: wall clock, steady clock, CPU time of this process."""

    at: float
    ns: int
    cpu_ns: int

    @classmethod
    def now(cls) -> _Edge:
        return cls(time.time(), time.perf_counter_ns(), time.process_time_ns())


class Stage:
    """The users of one job, spawned once, and the turns they take. `folds`: they tell Locust's statistics nothing.

    There is a user for each planned connection; for duets a second bank of as many, which loads the other contender.
    """

    def __init__(self, job: Job, user_class: type[StagedUser], *, folds: bool = True) -> None:
        self.job = job
        self._folds = folds
        self._banks = max((len(turn.contenders) for turn in job.turns), default=1)
        self._places = itertools.count()
        self._upcoming: AsyncResult[Sequence[Load]] = AsyncResult()
        self._warm: dict[str, tuple[float, float]] = {}
        self._waiting = 0
        self._taken = 0
        user_class.stage = self
        self.environment = Environment(user_classes=[user_class])
        self.runner = self.environment.create_local_runner()

    def spawn(self) -> None:
        """Start as many users as are needed. What exists by now lives as long as the process."""
        self.runner.start(self._users, spawn_rate=self._users)
        assert self.runner.spawning_greenlet is not None
        self.runner.spawning_greenlet.join()
        gc.collect()
        gc.freeze()

    def place(self) -> tuple[int, int]:
        """The bank and the seat of the next user. The users of a page, which come and go, have a seat of their own."""
        number = next(self._places)
        return divmod(number, self.job.plan.connections) if self._banks > 1 else (0, number)

    def next_loads(self) -> Sequence[Load]:
        """Wait for the next loads to be opened, one for each bank from the first on."""
        self._waiting += 1
        try:
            loads = self._upcoming.get()
        finally:
            self._waiting -= 1
        assert loads is not None
        return loads

    def open(self, loads: Sequence[Load], spinner: Spinner) -> list[gevent.Greenlet[..., Any]]:
        """Let waiting users take part in `loads`, and start what accompanies them."""
        companions = [gevent.spawn(load.watch) for load in loads]
        companions += [gevent.spawn(load.pace.hand_out) for load in loads if load.pace]
        if self.job.plan.wait == "spin":
            companions.append(gevent.spawn(spinner.spin))
        self._upcoming.set(loads)
        return companions

    def take(self, turn: Turn) -> tuple[Recording, ...]:
        """Load the turn's contenders for its time, wait for the requests under way, and say what happened to each."""
        plan = self.job.plan
        duration_s = self._duration_s(turn)
        pace = Pace(turn.rate_per_s, int(turn.rate_per_s * duration_s)) if turn.rate_per_s else None
        loads = [Load(label, turn.renew, plan.connections, pace) for label in turn.contenders]
        spinner = Spinner(loads)
        self._await_users()
        gc.collect()
        gc.disable()
        start = _Edge.now()
        if pace:
            pace.start(start.ns + _LEAD_NS)
        companions = self.open(loads, spinner)
        self._upcoming = AsyncResult()
        gevent.sleep(duration_s)
        for load in loads:
            load.running = False
        stop = _Edge.now()
        gevent.joinall(companions)
        gc.enable()
        return tuple(self._recorded(turn, load, start, stop, spinner.empty_ns) for load in loads)

    def scenario_of(self, contender: str) -> str:
        """The name of what it is asked."""
        return self.job.targets[contender].scenario.name

    @property
    def _users(self) -> int:
        return self.job.plan.connections * self._banks

    def _await_users(self) -> None:
        """A user that is late for the opening would miss the turn."""
        while self._waiting < self._users:
            gevent.sleep(_LATE_USER_S)

    def _duration_s(self, turn: Turn) -> float:
        plan = self.job.plan
        if turn.round == _WARM_UP:
            return plan.warm_s
        if turn.rate_per_s:
            return plan.open_s
        return plan.duet_s if turn.beside else turn_duration_s(plan, *self._warm.get(turn.contender, (0.0, 0.0)))

    def _recorded(self, turn: Turn, load: Load, start: _Edge, stop: _Edge, empty_ns: int) -> Recording:
        if load.pace:
            found = paced_facts(load.journals, start.ns, stop.ns)
        else:
            found = facts(load.journals, self.job.plan.connections, stop.ns)
        self._keep(turn, load, found, stop.ns - start.ns)
        return _recording(turn, load, found, start, stop, empty_ns)

    def _keep(self, turn: Turn, load: Load, found: Facts, duration_ns: int) -> None:
        """Note what the warm-up was like, tell Locust's statistics, and store the raw latencies if asked to."""
        if turn.round == _WARM_UP:
            counted = found.counted and found.counted / found.counted_s
            rate = counted or found.all_ns.size / (duration_ns * _NS)
            self._warm[load.contender] = rate, found.latency.max_s or 0.0
        if self._folds:
            fold(self.environment.stats, load.contender, self.scenario_of(load.contender), found.all_ns, load.errors)
        self._taken += 1
        if self.job.samples is not None:
            self.job.samples.mkdir(parents=True, exist_ok=True)
            label = re.sub(r"[^A-Za-z0-9_@-]", "_", load.contender)
            np.save(self.job.samples / f"{self._taken:04}-round{turn.round}-{label}.npy", found.samples_ns)


def _recording(turn: Turn, load: Load, found: Facts, start: _Edge, stop: _Edge, empty_ns: int) -> Recording:
    return Recording(
        contender=load.contender,
        round=turn.round,
        started_at=start.at,
        duration_s=(stop.ns - start.ns) * _NS,
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
        generator_empty_s=empty_ns * _NS,
        drain_s=(load.drained_ns - stop.ns) * _NS,
        paced=_paced(load.pace, turn.share, load.journals, stop.ns) if load.pace and turn.share else None,
        alternatives=_counted([(alternative, count) for (_, alternative), count in load.apart.items()]),
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
