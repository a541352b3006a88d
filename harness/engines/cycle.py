"""In which order a target is asked what: slots by weight, each of which takes the next rendered request of its kind."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from harness import rendering
from harness.engines.job import Job
from harness.model import Request, Scenario

_T = TypeVar("_T")
Asked = Mapping[str, tuple[Request, ...]]
"""All that a target is asked, rendered, by the name of the request of the scenario."""


class RanOutError(Exception):
    """There is no row left of a request that is asked once for each."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


class Cycle(Generic[_T]):
    """What all users of one target ask. `made` is what they ask with, by request.

    There is one source for each request, so that no two users get the same of what is asked once only.
    """

    def __init__(self, scenario: Scenario, made: Mapping[str, Sequence[_T]], seed: int) -> None:
        sources = {request.name: _source(request, made[request.name]) for request in scenario.load}
        self._slots = [sources[request.name] for request in scenario.load for _ in range(request.weight)]
        random.Random(seed).shuffle(self._slots)  # noqa: S311  # an order to be repeated, no secret

    def begun_at(self, share: float) -> Iterator[_T]:
        """Endlessly, from that share of the cycle on. Raises RanOutError."""
        if len(self._slots) == 1:
            return self._slots[0]
        first = int(share * len(self._slots))
        return map(next, itertools.cycle(self._slots[first:] + self._slots[:first]))


def asked(job: Job) -> Mapping[str, Asked]:
    """What each target is asked by this generator, by label. Targets of one scenario are asked the same."""
    rendered: dict[str, Asked] = {}
    for target in job.targets.values():
        scenario = target.scenario
        if scenario.name not in rendered:
            rendered[scenario.name] = {one.name: _rows(one, job) for one in scenario.load}
    return {label: rendered[target.scenario.name] for label, target in job.targets.items()}


def _rows(request: Request, job: Job) -> tuple[Request, ...]:
    once = request.draw is not None and request.draw.once
    return job.portion.rows(rendering.for_load(request, job.plan.seed), once=once)


def _source(request: Request, made: Sequence[_T]) -> Iterator[_T]:
    if request.draw and request.draw.once:
        return _Once(request.name, made)
    return itertools.cycle(made)


class _Once(Iterator[_T]):
    """Each of these once; whoever asks for more is told, however often he asks."""

    def __init__(self, request: str, made: Sequence[_T]) -> None:
        self._request = request
        self._left = iter(made)

    def __next__(self) -> _T:
        for one in self._left:
            return one
        raise RanOutError(self._request)
