"""One turn of load as its users see it, and what accompanies it. Runs in the generator's process only."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import gevent
from gevent.event import Event

from harness.engines.facts import Journal
from harness.engines.pace import Pace
from harness.model import ErrorCause

_WATCH_EVERY_S = 0.05
_LOOK_EVERY_S = 0.001
_ERROR_LENGTH = 300


Apart = tuple[str | None, str | None]
"""As what a right answer is counted apart: by the request that it answers, and as an alternative. A plain tuple and a
plain dictionary, for users count at every answer."""

NOT_APART: Apart = (None, None)


class Taker(Protocol):
    """A user that takes part in a load."""

    def expire(self, now_ns: int) -> None:
        """Give up the request under way if it has taken too long."""


@dataclass(slots=True)
class Load:
    """Users ask `contender` for as long as it is `running`, or as `pace` tells them, once it has `begun`.

    `ready`: so many users wait for that. `moved`: some user was woken since the spinner looked. `drained_ns`: when the
    last user had left. `apart` counts right answers that are to be counted apart. `ran_out`: the request that was to be
    asked once for each row, and had none left.
    """

    contender: str
    renew: bool
    users: int
    pace: Pace | None = None
    endless: bool = False
    running: bool = True
    ready: int = 0
    begun: Event = field(default_factory=Event)
    moved: bool = False
    drained_ns: int = 0
    takers: list[Taker] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)
    errors: Counter[ErrorCause] = field(default_factory=Counter)
    first_error: str | None = None
    apart: defaultdict[Apart, int] = field(default_factory=partial(defaultdict, int))
    ran_out: str | None = None
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

    def await_begin(self) -> None:
        """A user is ready, and waits until the load begins."""
        self.ready += 1
        self.begun.wait()

    def await_users(self, patience_s: float) -> None:
        """Wait until all users are ready; or nobody more has been for so long: the server keeps the others waiting."""
        seen, seen_at = self.ready, time.perf_counter()
        while self.ready < self.users and time.perf_counter() - seen_at < patience_s:
            gevent.sleep(_LOOK_EVERY_S)
            if self.ready != seen:
                seen, seen_at = self.ready, time.perf_counter()

    def count_error(self, cause: ErrorCause, text: str) -> None:
        self.errors[cause] += 1
        if self.first_error is None:
            self.first_error = f"{cause}: {text[:_ERROR_LENGTH]}"

    def run_out(self, request: str) -> None:
        """End the load for all its users: without this request it is not the load that was planned."""
        self.ran_out = request
        self.running = False
        if self.pace:
            self.pace.end()

    def leave(self) -> None:
        """A user's last request has ended."""
        self.users -= 1
        if self.users == 0 and not self.endless:
            self.drained_ns = time.perf_counter_ns()
            self.drained.set()

    def watch(self) -> None:
        """Let requests expire: one look at all users every now and then, instead of a timer for each request."""
        while not self.drained.wait(_WATCH_EVERY_S):
            now_ns = time.perf_counter_ns()
            for taker in self.takers:
                taker.expire(now_ns)
