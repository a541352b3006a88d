"""Open loop: hands out the moments at which requests are due, evenly spaced, each to a connection that is free.

A request is due whether or not the server has kept up, so a stall is charged to all who would have waited (G. Tene,
"How NOT to measure latency", 2013: coordinated omission). Runs in the generator's process only.
"""

from __future__ import annotations

import time
from array import array
from collections import deque

import gevent
from gevent import get_hub, getcurrent
from greenlet import greenlet

from harness.engines.job import ALONE, Portion

_clock = time.perf_counter_ns
_NS = 1e9


class Pace:
    """`count` moments at `rate_per_s`. `lags_ns`: how late each was handed out where somebody was free for it.

    Of several generators each hands out its `portion` of them by turns: together they are evenly spaced. `queued`
    counts those for which nobody was free: the server had not answered.
    """

    def __init__(self, rate_per_s: float, count: int, portion: Portion = ALONE) -> None:
        self.rate_per_s = rate_per_s
        self.count = len(range(portion.index, count, portion.of))
        self._portion = portion
        self.queued = 0
        self.lags_ns: array[int] = array("q")
        self._given = 0
        self._start_ns = 0
        self._free: deque[greenlet] = deque()

    def start(self, first_ns: int) -> int:
        """Say when the first request of all is due."""
        self._start_ns = first_ns
        return first_ns

    def take(self) -> int | None:
        """The moment at which the caller's next request is due, once it is due. None: there are no more."""
        if self._given >= self.count:
            return None
        if self._free or (due := self._due_ns()) > _clock():
            self._free.append(getcurrent())
            taken: int | None = get_hub().switch()
            return taken
        self._given += 1
        self.queued += 1
        return due

    def end(self) -> None:
        """Let no more requests be due."""
        self.count = self._given

    def hand_out(self) -> None:
        """Wake whoever is free whenever a request is due. Spins: gevent's timers are up to 0.8 ms late."""
        while self._given < self.count:
            while self._free and self._given < self.count and (due := self._due_ns()) <= (now := _clock()):
                self._given += 1
                self.lags_ns.append(now - due)
                self._wake(due)
            gevent.idle()
        while self._free:
            self._wake(None)

    def _wake(self, due_ns: int | None) -> None:
        get_hub().loop.run_callback(self._free.popleft().switch, due_ns)

    def _due_ns(self) -> int:
        place = self._portion.index + self._given * self._portion.of
        return self._start_ns + int(place / self.rate_per_s * _NS)
