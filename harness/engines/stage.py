"""Gives a Locust environment's users one turn of load after the other. Runs in the generator's process only."""

from __future__ import annotations

import gc
import os
import re
import time
import traceback
from dataclasses import dataclass
from typing import Any

import gevent
import numpy as np
from gevent.event import AsyncResult
from locust import User, task
from locust.env import Environment

from harness.engines.base import turn_duration_s
from harness.engines.facts import Facts, facts
from harness.engines.job import Job
from harness.engines.load import Load
from harness.engines.totals import fold
from harness.model import Recording, Turn

_NS = 1e-9
_WARM_UP = 0
_LATE_USER_S = 0.001


class StagedUser(User):
    """A Locust user whose one task is to take part in the next turn. Subclasses say how."""

    abstract = True
    stage: Stage

    @task
    def turn(self) -> None:
        load = self.stage.next_load()
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
    """The users of one job, spawned once, and the turns they take. `folds`: they tell Locust's statistics nothing."""

    def __init__(self, job: Job, user_class: type[StagedUser], *, folds: bool = True) -> None:
        self.job = job
        self._folds = folds
        self._upcoming: AsyncResult[Load] = AsyncResult()
        self._warm: dict[str, tuple[float, float]] = {}
        self._waiting = 0
        self._taken = 0
        user_class.stage = self
        self.environment = Environment(user_classes=[user_class])
        self.runner = self.environment.create_local_runner()

    def spawn(self) -> None:
        """Start as many users as there are connections. What exists by now lives as long as the process."""
        connections = self.job.plan.connections
        self.runner.start(connections, spawn_rate=connections)
        assert self.runner.spawning_greenlet is not None
        self.runner.spawning_greenlet.join()
        gc.collect()
        gc.freeze()

    def next_load(self) -> Load:
        """Wait for the next load to be opened."""
        self._waiting += 1
        try:
            load = self._upcoming.get()
        finally:
            self._waiting -= 1
        assert load is not None
        return load

    def open(self, load: Load) -> list[gevent.Greenlet[..., Any]]:
        """Let waiting users take part in `load`, and start what accompanies it."""
        companions = [gevent.spawn(load.watch)]
        if self.job.plan.wait == "spin":
            companions.append(gevent.spawn(load.spin))
        self._upcoming.set(load)
        return companions

    def take(self, turn: Turn) -> Recording:
        """Load `turn.contender` for its time, wait for the requests under way, and say what happened."""
        load = Load(turn.contender, turn.renew, self.job.plan.connections)
        self._await_users()
        gc.collect()
        gc.disable()
        start = _Edge.now()
        companions = self.open(load)
        self._upcoming = AsyncResult()
        gevent.sleep(self._duration_s(turn))
        load.running = False
        stop = _Edge.now()
        load.drained.wait()
        drained = _Edge.now()
        gevent.joinall(companions)
        gc.enable()
        found = facts(load.journals, self.job.plan.connections, stop.ns)
        self._keep(turn, load, found, stop.ns - start.ns)
        return _recording(turn, load, found, start, stop, drained)

    def _await_users(self) -> None:
        """A user that is late for the opening would miss the turn."""
        while self._waiting < self.job.plan.connections:
            gevent.sleep(_LATE_USER_S)

    def _duration_s(self, turn: Turn) -> float:
        if turn.round == _WARM_UP:
            return self.job.plan.warm_s
        return turn_duration_s(self.job.plan, *self._warm.get(turn.contender, (0.0, 0.0)))

    def _keep(self, turn: Turn, load: Load, found: Facts, duration_ns: int) -> None:
        """Note what the warm-up was like, tell Locust's statistics, and store the raw latencies if asked to."""
        if turn.round == _WARM_UP:
            counted = found.counted and found.counted / found.counted_s
            rate = counted or found.all_ns.size / (duration_ns * _NS)
            self._warm[turn.contender] = rate, found.latency.max_s or 0.0
        if self._folds:
            fold(self.environment.stats, turn.contender, self.job.scenario.name, found.all_ns, load.errors)
        self._taken += 1
        if self.job.samples is not None:
            self.job.samples.mkdir(parents=True, exist_ok=True)
            label = re.sub(r"[^A-Za-z0-9_@-]", "_", turn.contender)
            np.save(self.job.samples / f"{self._taken:04}-round{turn.round}-{label}.npy", found.samples_ns)


def _recording(turn: Turn, load: Load, found: Facts, start: _Edge, stop: _Edge, drained: _Edge) -> Recording:
    return Recording(
        contender=turn.contender,
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
        generator_empty_s=load.empty_ns * _NS,
        drain_s=(drained.ns - stop.ns) * _NS,
    )
