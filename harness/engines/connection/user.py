"""A Locust user that owns one connection to each contender and asks over it without a pause."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import gevent

from harness.engines.connection.answers import CORRECT
from harness.engines.connection.channel import Channel
from harness.engines.connection.echo import Echo, echoes
from harness.engines.connection.line import Line
from harness.engines.connection.question import Question, questions
from harness.engines.connection.wire import Address, Fault, Wire
from harness.engines.cycle import Asked, RanOutError, asked, cycle
from harness.engines.facts import Journal
from harness.engines.job import Job
from harness.engines.load import Load
from harness.engines.pace import Pace
from harness.engines.stage import StagedUser
from harness.model import ErrorCause

_BACKOFF_S = (0.01, 0.02)
_clock = time.perf_counter_ns
Asking = Iterator[Question | Echo]


class ConnectionUser(StagedUser):
    """One connection to each contender: opened at its first question, kept while others have their turns.

    A WebSocket is not kept: a server may have a thread for each, and let in nobody else meanwhile.
    In a duet two users load at once; who sits in the same seat of another bank shares the connections of that seat.
    """

    abstract = True
    lines: dict[tuple[str, int], Wire]
    wires: Mapping[str, Callable[[int], Wire]]
    questions: Mapping[str, Asking]
    timeout_ns: int

    @classmethod
    def for_job(cls, job: Job) -> type[Self]:
        """The class of a job's users. Raises OSError when an address means nothing."""
        attributes = {
            "abstract": False,
            "lines": {},
            "wires": {label: _wires(job, label) for label in job.targets},
            "questions": {label: _cycle(job, label, each) for label, each in asked(job).items()},
            "timeout_ns": int(job.plan.request_timeout_s * 1e9),
        }
        return type("User", (cls,), attributes)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._journal = Journal()
        self._beside_since: int | None = None
        self._ahead_since: int | None = None

    def on_stop(self) -> None:
        """Locust's page may stop a user in the middle of a request, which then must not expire."""
        self._journal = Journal()
        for (_, seat), line in self.lines.items():
            if seat == self.seat:
                line.close()

    def get_ready(self, load: Load) -> None:
        """Open what takes long to open. Where that goes wrong, the first request will tell."""
        line = self._line(load.contender)
        if load.renew:
            line.renew()
        self._journal = load.join(self)
        self._ahead_since = self._beside_since = _clock()
        line.arm()
        try:
            line.get_ready()
        except Fault:
            line.close()
        line.disarm()
        self._beside_since = None
        if not load.begun.is_set():
            self._ahead_since = None

    def take_part(self, load: Load) -> None:
        line = self._line(load.contender)
        reconnects, asked_again = line.reconnects, line.asked_again
        line.arm()
        moments = _moments_when_due(load.pace, line) if load.pace else _moments_when_free(load, self._ahead_since)
        self._ask(load, line, moments, self.questions[load.contender])
        load.open_connections += line.is_open
        self._leave(load, line)
        line.disarm()
        load.reconnects += line.reconnects - reconnects
        load.asked_again += line.asked_again - asked_again

    def _ask(self, load: Load, line: Wire, moments: Iterator[int], questions: Asking) -> None:
        """The loop that the whole program is about: nothing slow belongs here."""
        start, end = self._journal.starts.append, self._journal.ends.append
        for moment_ns in moments:
            start(moment_ns)
            try:
                verdict = line.ask(next(questions))
            except Fault as fault:
                line.close()
                self._fail(load, line, fault.cause, fault.text)
                continue
            except RanOutError as error:
                self._journal.starts.pop()
                load.run_out(error.request)
                return
            load.moved = True
            if verdict is CORRECT:
                end(_clock())
            elif verdict.cause is None:
                end(_clock())
                load.apart[verdict.apart] += 1
                if verdict.apart[1]:
                    self._journal.note(verdict.apart[1])
            else:
                self._fail(load, line, verdict.cause, verdict.text)

    def _leave(self, load: Load, line: Wire) -> None:
        """Part after the last request. It is none itself, but where it goes wrong that counts."""
        self._beside_since = _clock()
        try:
            line.leave()
        except Fault as fault:
            line.close()
            load.count_error(fault.cause, fault.text)
        finally:
            self._beside_since = None

    def _fail(self, load: Load, line: Wire, cause: ErrorCause, text: str) -> None:
        """Note it, and wait a little, so that a server that refuses at once does not get a storm."""
        self._journal.fail(_clock())
        load.moved = True
        load.count_error(cause, text)
        line.disarm()
        gevent.sleep(random.uniform(*_BACKOFF_S))  # noqa: S311  # no secret
        line.arm()

    def expire(self, now_ns: int) -> None:
        since = self._since
        if since is not None and now_ns - since > self.timeout_ns:
            gevent.get_hub().loop.run_callback(self._expire, since)

    def _expire(self, since: int) -> None:
        """Runs in gevent's hub, which alone may throw; a request that ended meanwhile is left alone."""
        if self._since == since:
            seconds = self.timeout_ns / 1e9
            self.greenlet.throw(Fault(ErrorCause.TIMEOUT, f"no whole answer within {seconds:g} s"))

    @property
    def _since(self) -> int | None:
        """When what the user waits for was begun."""
        return self._beside_since or self._journal.under_way_since

    def _line(self, contender: str) -> Wire:
        return self.lines.setdefault((contender, self.seat), self.wires[contender](self.seat))


def _moments_when_free(load: Load, ahead_since_ns: int | None) -> Iterator[int]:
    """Closed loop: a request starts as soon as the last one has ended.

    Who was not let in before the load began (None: he was) has been waiting for his first one since then.
    """
    if ahead_since_ns is not None:
        yield ahead_since_ns
    while load.running:
        yield _clock()


def _moments_when_due(pace: Pace, line: Wire) -> Iterator[int]:
    """Open loop: a request starts when it is due, however late it can be sent.

    Whoever waits for that must not be woken by its connection, which the server may close meanwhile.
    """
    while True:
        line.disarm()
        due_ns = pace.take()
        line.arm()
        if due_ns is None:
            return
        yield due_ns


def _cycle(job: Job, label: str, each: Asked) -> Asking:
    target = job.targets[label]
    if target.scenario.echoes:
        return cycle(target.scenario, echoes(each, target), job.plan.seed, job.portion)
    return cycle(target.scenario, questions(each, target), job.plan.seed, job.portion)


def _wires(job: Job, label: str) -> Callable[[int], Wire]:
    """Makes the connection of a seat. Raises OSError when the address means nothing."""
    target = job.targets[label]
    address = Address(target.host, target.port)
    if not target.scenario.echoes:
        return lambda _: Line(address)
    echo, seats = Echo.of(target.scenario.load[0], target), job.connections
    return lambda seat: Channel(address, echo, first=1 + seat % seats * echo.count // seats)
