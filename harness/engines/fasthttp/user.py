"""A stock `FastHttpUser` that takes turns: what stock Locust would have told you.

Its own client, its own time-outs, its own events, and no check but its own of the status. Only the turns and the
estimator are ours, so that its numbers stand beside the connection engine's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Self

import gevent
from locust.contrib.fasthttp import FastHttpUser

from harness import rendering
from harness.contract import excerpt, wrong_header
from harness.engines.checking import Judged
from harness.engines.cycle import Asked, RanOutError, asked, cycle
from harness.engines.facts import Journal
from harness.engines.job import Job, url_host
from harness.engines.load import Load
from harness.engines.stage import StagedUser
from harness.model import ErrorCause, Expectation, Request

_BACKOFF_S = 0.015
_clock = time.perf_counter_ns


class StockUser(StagedUser, FastHttpUser):
    """Connections are kept or closed as its client sees fit; a renewal closes them."""

    abstract = True
    requests: Mapping[str, Iterator[Request]]
    counts_requests: Mapping[str, bool]
    urls: dict[str, str]

    @classmethod
    def for_job(cls, job: Job) -> type[Self]:
        urls = {label: f"http://{url_host(target.host, target.port)}" for label, target in job.targets.items()}
        attributes = {
            "abstract": False,
            "requests": {label: _cycle(job, label, each) for label, each in asked(job).items()},
            "counts_requests": {label: len(target.scenario.load) > 1 for label, target in job.targets.items()},
            "urls": urls,
            "host": next(iter(urls.values())),
            "network_timeout": job.plan.request_timeout_s,
            "connection_timeout": job.plan.request_timeout_s,
        }
        return type("User", (cls,), attributes)

    def take_part(self, load: Load) -> None:
        if load.renew:
            self.client.client.clientpool.close()
        journal = load.join(self)
        try:
            self._ask(load, journal)
        except RanOutError as error:
            load.run_out(error.request)
        load.open_connections += len(journal.ends) > 0

    def _ask(self, load: Load, journal: Journal) -> None:
        url, requests = self.urls[load.contender], self.requests[load.contender]
        several = self.counts_requests[load.contender]
        while load.running:
            request = next(requests)
            journal.starts.append(_clock())
            found = self._answered(url + request.path, request)
            load.moved = True
            if found.cause is None:
                journal.ends.append(_clock())
                load.apart[request.name if several else None, found.alternative] += 1
                if found.alternative:
                    journal.note(found.alternative)
            else:
                _fail(load, journal, found.cause, found.text)

    def _answered(self, url: str, request: Request) -> Judged:
        """What the answer is, as far as a stock user looks."""
        with self.client.request(
            request.method,
            url,
            name=request.name,
            data=rendering.payload(request),  # type: ignore[arg-type]  # it takes bytes as well
            headers=dict(rendering.headers(request)),
            catch_response=True,
        ) as response:
            if not response.status_code:
                return Judged(_cause(response.error), excerpt(str(response.error), rendering.secrets(request)))
            found = _by_status(request, response.status_code, response.headers or {})
            if found.cause:
                response.failure(found.text)
            else:
                response.success()
            return found


def _cycle(job: Job, label: str, each: Asked) -> Iterator[Request]:
    return cycle(job.targets[label].scenario, each, job.plan.seed, job.portion)


def _by_status(request: Request, status: int, headers: Mapping[str, str]) -> Judged:
    """By status alone, but where several answers have the same: then their headers tell them apart."""
    right: list[tuple[str | None, Expectation]] = [(None, request.expect), *request.alternatives.items()]
    fitting = [(name, expected) for name, expected in right if expected.status == status]
    for name, expected in fitting:
        if len(fitting) == 1 or wrong_header(expected, headers) is None:
            return Judged(None, alternative=name)
    if fitting:
        return Judged(ErrorCause.BODY, f"no right answer of status {status} has these headers")
    return Judged(ErrorCause.STATUS, f"status {status} instead of {request.expect.status}")


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
