"""One turn of load as its users see it, and what accompanies it. Runs in the generator's process only."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import gevent
from gevent.event import Event

from harness.engines.facts import Journal
from harness.model import ErrorCause

_WATCH_EVERY_S = 0.05
_ERROR_LENGTH = 300
_cpu_clock = time.thread_time_ns


class Taker(Protocol):
    """A user that takes part in a load."""

    def expire(self, now_ns: int) -> None:
        """Give up the request under way if it has taken too long."""


@dataclass(slots=True)
class Load:
    """Users ask `contender` for as long as it is `running`. `moved`: some user was woken since the spinner looked."""

    contender: str
    renew: bool
    users: int
    endless: bool = False
    running: bool = True
    moved: bool = False
    empty_ns: int = 0
    takers: list[Taker] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)
    errors: Counter[ErrorCause] = field(default_factory=Counter)
    first_error: str | None = None
    reconnects: int = 0
    asked_again: int = 0
    open_connections: int = 0
    drained: Event = field(default_factory=Event)

    def join(self, taker: Taker) -> Journal:
        """Take part: the journal is for this user's requests."""
        journal = Journal()
        self.takers.append(taker)
        self.journals.append(journal)
        return journal

    def count_error(self, cause: ErrorCause, text: str) -> None:
        self.errors[cause] += 1
        if self.first_error is None:
            self.first_error = f"{cause}: {text[:_ERROR_LENGTH]}"

    def leave(self) -> None:
        """A user's last request has ended."""
        self.users -= 1
        if self.users == 0 and not self.endless:
            self.drained.set()

    def watch(self) -> None:
        """Let requests expire: one look at all users every now and then, instead of a timer for each request."""
        while not self.drained.wait(_WATCH_EVERY_S):
            now_ns = time.perf_counter_ns()
            for taker in self.takers:
                taker.expire(now_ns)

    def spin(self) -> None:
        """Keep the process awake while there is load, and count the CPU time of passes in which no user moved.

        A generator that sleeps makes the server pay for waking it (METHOD.md 1, wait policy). Not gevent.sleep(0):
        gevent polls sockets only once in sys.getswitchinterval(), 5 ms, while such sleeps keep coming back.
        """
        before = _cpu_clock()
        while not self.drained.is_set():
            self.moved = False
            gevent.idle()
            after = _cpu_clock()
            if self.running and not self.moved:
                self.empty_ns += after - before
            before = after
