"""In which order a target is asked what: slots by weight, each of which takes the next rendered request of its kind."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from harness import rendering
from harness.engines.job import ALONE, Job, Portion
from harness.model import Request, Scenario

_T = TypeVar("_T")
Asked = Mapping[str, tuple[Request, ...]]
"""All that a target is asked, rendered, by the name of the request of the scenario."""


class RanOutError(Exception):
    """There is no row left of a request that is asked once for each."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


def cycle(scenario: Scenario, made: Mapping[str, Sequence[_T]], seed: int, portion: Portion = ALONE) -> Iterator[_T]:
    """What the users of one target ask, one after the other, endlessly. `made` is what they ask with, by request.

    All users take from this one iterator. So every window of the load has the weights of the scenario, as near as whole
    requests allow, and no two users get the same of what is asked once only. Generators that share a load begin at
    equal distances in the cycle. Raises RanOutError.
    """
    sources = {request.name: _source(request, made[request.name]) for request in scenario.load}
    slots = [sources[name] for name in portion.rows(_spread(scenario, seed), once=False)]
    return slots[0] if len(slots) == 1 else map(next, itertools.cycle(slots))


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


def _spread(scenario: Scenario, seed: int) -> list[str]:
    """The names of one cycle, each as often as it weighs and at equal distances, from a place that the seed chooses."""
    chooser = random.Random(seed)  # noqa: S311  # an order to be repeated, no secret
    placed = []
    for request in scenario.load:
        first = chooser.random()
        placed += [((number + first) / request.weight, request.name) for number in range(request.weight)]
    return [name for _, name in sorted(placed)]


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
