"""Keeps a generator awake while there is load. Runs in the generator's process only."""

from __future__ import annotations

import time
from collections.abc import Sequence

import gevent

from harness.engines.load import Load

_cpu_clock = time.thread_time_ns


class Spinner:
    """Spins until all of `loads` are drained. `empty_ns`: CPU time of passes in which no user moved, under load."""

    def __init__(self, loads: Sequence[Load]) -> None:
        self._loads = loads
        self.empty_ns = 0

    def spin(self) -> None:
        """A generator that sleeps makes the server pay for waking it (METHOD.md 1, wait policy).

        Not gevent.sleep(0): gevent polls sockets only once in sys.getswitchinterval(), 5 ms, while such sleeps keep
        coming back.
        """
        loads = self._loads
        before = _cpu_clock()
        while not all(load.drained.is_set() for load in loads):
            for load in loads:
                load.moved = False
            gevent.idle()
            after = _cpu_clock()
            if not any(load.moved or not load.running for load in loads):
                self.empty_ns += after - before
            before = after
