"""Gives a Locust environment's users one turn of load after the other. Runs in the generator's process only."""

from __future__ import annotations

import gc
import itertools
import os
import re
import time
import traceback
from collections.abc import Sequence
from typing import Any

import gevent
import numpy as np
from gevent import monkey
from gevent.event import AsyncResult
from locust import User, task
from locust.env import Environment

from harness.engines.facts import Facts, facts, first_ends, paced_facts
from harness.engines.job import Job
from harness.engines.load import Load
from harness.engines.orders import Ended, Go, Window
from harness.engines.pace import Pace
from harness.engines.spinner import Spinner
from harness.engines.taken import Edge, Taken, recording
from harness.engines.totals import fold
from harness.model import Recording, Turn

_NS = 1e-9
_LATE_USER_S = 0.001
_PATIENCE_S = 0.25  # with servers that may let in nobody more
_LEAD_NS = 2_000_000  # until all users wait for what is due
_sleep = monkey.get_original("time", "sleep")


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
            self.get_ready(load)
            load.await_begin()
            self.take_part(load)
        except Exception:  # noqa: BLE001  # whatever it is, a turn that lacks a user must not be measured
            traceback.print_exc()
            os._exit(1)
        finally:
            load.leave()

    def get_ready(self, load: Load) -> None:
        """Do what must not be part of the load. It begins without waiting for whoever takes too long over that."""

    def take_part(self, load: Load) -> None:
        """Ask one question after the other while `load.running`, then end the last one."""
        raise NotImplementedError

    def expire(self, now_ns: int) -> None:
        """Give up the request under way if it has taken too long."""


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
        self._loads: Sequence[Load] = ()
        self._waiting = 0
        self._taken = 0
        user_class.stage = self
        self.environment = Environment(user_classes=[user_class])
        self.runner = self.environment.create_local_runner()

    def spawn(self) -> None:
        """Start as many users as are needed. What exists by now lives as long as the process."""
        users = self.job.connections * self._banks
        self.runner.start(users, spawn_rate=users)
        assert self.runner.spawning_greenlet is not None
        self.runner.spawning_greenlet.join()
        gc.collect()
        gc.freeze()

    def place(self) -> tuple[int, int]:
        """The bank and the seat of the next user. The users of a page, which come and go, have a seat of their own."""
        number = next(self._places)
        return divmod(number, self.job.connections) if self._banks > 1 else (0, number)

    def next_loads(self) -> Sequence[Load]:
        """Wait for the next loads to be opened, one for each bank from the first on."""
        self._waiting += 1
        try:
            loads = self._upcoming.get()
        finally:
            self._waiting -= 1
        assert loads is not None
        return loads

    def call(self, loads: Sequence[Load]) -> None:
        """Let waiting users get ready for `loads`, and wait for them to begin."""
        self._upcoming.set(loads)

    def open(self, loads: Sequence[Load], spinner: Spinner) -> list[gevent.Greenlet[..., Any]]:
        """Let `loads` begin, and start what accompanies them."""
        companions = [gevent.spawn(load.watch) for load in loads]
        companions += [gevent.spawn(load.pace.hand_out) for load in loads if load.pace]
        if self.job.plan.wait == "spin":
            companions.append(gevent.spawn(spinner.spin))
        for load in loads:
            load.begun.set()
        return companions

    def get_ready(self, turn: Turn) -> None:
        """Call the users to the turn, all of whom wait for it by now. No garbage is left."""
        while self._waiting < self.job.connections * self._banks:
            gevent.sleep(_LATE_USER_S)
        self._loads = [Load(label, turn.renew, self.job.connections) for label in turn.contenders]
        self.call(self._loads)
        self._upcoming = AsyncResult()
        for load in self._loads:
            load.await_users(_PATIENCE_S)
        gc.collect()
        gc.disable()

    def take(self, turn: Turn, go: Go) -> Taken:
        """Load the turn's contenders for the time told, and wait for the requests under way."""
        loads, pace = self._loads, self._pace(turn, go)
        for load in loads:
            load.pace = pace
        spinner = Spinner(loads)
        if not pace:
            _sleep_until(go.start_ns)
        start = Edge.now()
        begun_ns = pace.start(go.start_ns or start.ns + _LEAD_NS) if pace else start.ns
        companions = self.open(loads, spinner)
        gevent.sleep(go.duration_s + (begun_ns - start.ns) * _NS)
        for load in loads:
            load.running = False
        stop = Edge.now()
        gevent.joinall(companions)
        gc.enable()
        return Taken(turn, tuple(loads), begun_ns, start, stop, spinner.empty_ns)

    def ended(self, taken: Taken) -> Ended:
        """What decides which window is counted."""
        count, stop_ns = 2 * self.job.plan.connections, taken.stop.ns
        ends = tuple(first_ends(load.journals, count, stop_ns) for load in taken.loads)
        return Ended(start_ns=taken.begun_ns, stop_ns=stop_ns, first_ends=ends)

    def recorded(self, taken: Taken, windows: Sequence[Window]) -> tuple[Recording, ...]:
        """What happened to each load."""
        return tuple(self._recorded(taken, load, window) for load, window in zip(taken.loads, windows, strict=True))

    def scenario_of(self, contender: str) -> str:
        """The name of what it is asked."""
        return self.job.targets[contender].scenario.name

    def _pace(self, turn: Turn, go: Go) -> Pace | None:
        if not turn.rate_per_s:
            return None
        return Pace(turn.rate_per_s, int(turn.rate_per_s * go.duration_s), self.job.portion)

    def _recorded(self, taken: Taken, load: Load, window: Window) -> Recording:
        journals, own = load.journals, self.job.connections
        found = paced_facts(journals, window) if load.pace else facts(journals, own, window)
        self._keep(taken.turn, load, found)
        return recording(taken, load, found, window.stop_ns)

    def _keep(self, turn: Turn, load: Load, found: Facts) -> None:
        """Tell Locust's statistics, and store the raw latencies if asked to."""
        if self._folds:
            fold(self.environment.stats, load.contender, self.scenario_of(load.contender), found.all_ns, load.errors)
        self._taken += 1
        if self.job.samples is not None:
            self.job.samples.mkdir(parents=True, exist_ok=True)
            label = re.sub(r"[^A-Za-z0-9_@-]", "_", load.contender)
            np.save(self.job.samples / f"{self._taken:04}-round{turn.round}-{label}.npy", found.samples_ns)


def _sleep_until(start_ns: int | None) -> None:
    """Nothing else has to be done until then, so the whole process sleeps: gevent's timers are up to 0.8 ms late."""
    if start_ns is not None:
        _sleep(max(0, start_ns - time.perf_counter_ns()) * _NS)
