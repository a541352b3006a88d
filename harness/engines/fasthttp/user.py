"""A stock `FastHttpUser` that takes turns: what stock Locust would have told you.

Its own client, its own time-outs, its own events, and no check but its own of the status. Only the turns and the
estimator are ours, so that its numbers stand beside the connection engine's.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, Self

import gevent
from locust.contrib.fasthttp import FastHttpUser

from harness.contract import excerpt
from harness.engines.facts import Journal
from harness.engines.job import Job, url_host
from harness.engines.load import Load
from harness.engines.stage import StagedUser
from harness.model import ErrorCause, Request, Scenario

_BACKOFF_S = 0.015
_clock = time.perf_counter_ns


class StockUser(StagedUser, FastHttpUser):
    """Connections are kept or closed as its client sees fit; a renewal closes them."""

    abstract = True
    scenario: Scenario
    urls: dict[str, str]

    @classmethod
    def for_job(cls, job: Job) -> type[Self]:
        urls = {label: f"http://{url_host(*address)}" for label, address in job.addresses.items()}
        attributes = {
            "abstract": False,
            "scenario": job.scenario,
            "urls": urls,
            "host": next(iter(urls.values())),
            "network_timeout": job.plan.request_timeout_s,
            "connection_timeout": job.plan.request_timeout_s,
        }
        return type("User", (cls,), attributes)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._cycle = itertools.cycle(self.scenario.load)

    def take_part(self, load: Load) -> None:
        if load.renew:
            self.client.client.clientpool.close()
        journal = load.join(self)
        while load.running:
            request = next(self._cycle)
            journal.starts.append(_clock())
            found = self._ask(self.urls[load.contender] + request.path, request)
            load.moved = True
            if found is None:
                journal.ends.append(_clock())
            else:
                _fail(load, journal, *found)
        load.open_connections += len(journal.ends) > 0

    def _ask(self, url: str, request: Request) -> tuple[ErrorCause, str] | None:
        """What was wrong with the answer, as far as a stock user looks."""
        with self.client.request(request.method, url, name=request.name, catch_response=True) as response:
            if not response.status_code:
                return _cause(response.error), excerpt(str(response.error))
            if response.status_code != request.expect.status:
                response.failure(f"status {response.status_code}")
                return ErrorCause.STATUS, f"status {response.status_code} instead of {request.expect.status}"
            response.success()
            return None


def _fail(load: Load, journal: Journal, cause: ErrorCause, text: str) -> None:
    journal.fail(_clock())
    load.count_error(cause, text)
    gevent.sleep(_BACKOFF_S)


def _cause(error: Exception) -> ErrorCause:
    """As near as its client tells."""
    if isinstance(error, ConnectionRefusedError):
        return ErrorCause.CONNECT
    if isinstance(error, TimeoutError):
        return ErrorCause.TIMEOUT
    return ErrorCause.FRAMING if type(error).__name__ == "HTTPParseError" else ErrorCause.RESET
