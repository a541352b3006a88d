"""Decides which contender is started, launched and measured when: random orders that follow from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from harness.model import BlockPlan, Plan, Turn

_T = TypeVar("_T")


def blocks(plan: Plan, labels: Sequence[str], several_workers: Collection[str] = ()) -> tuple[BlockPlan, ...]:
    """The order of every block of `plan`, null and control included in `labels`.

    Connections to `several_workers` (labels whose servers have more than one) are renewed `plan.renewals` times a
    block. A longer plan of the same seed starts with the blocks of a shorter one.
    """
    orders = _orders(f"blocks {plan.seed}", labels)
    return tuple(
        BlockPlan(
            index=index,
            launches=next(orders),
            turns=tuple(
                Turn(contender=label, round=number, renew=label in several_workers and number in _renewals(plan))
                for number in range(plan.rounds + 1)
                for label in next(orders)
            ),
        )
        for index in range(plan.blocks)
    )


def starts(plan: Plan, labels: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Cold starts in their order, as pairs of index and label: every contender once before any starts again."""
    orders = _orders(f"starts {plan.seed}", labels)
    return tuple((index, label) for index in range(plan.starts) for label in next(orders))


def rotations(plans: Sequence[Plan]) -> Iterator[tuple[int, ...]]:
    """For each block in turn the order in which several runs do theirs, as places in `plans`."""
    orders = _orders(f"rotations {plans[0].seed}", range(len(plans)))
    return islice(orders, max(plan.blocks for plan in plans))


def _orders(seed: str, things: Sequence[_T]) -> Iterator[tuple[_T, ...]]:
    """Endless random orders. A text as seed goes through SHA-512: the same in every version of Python."""
    source = random.Random(seed)  # noqa: S311  # an order of measurements is no secret
    while True:
        order = list(things)
        source.shuffle(order)
        yield tuple(order)


def _renewals(plan: Plan) -> frozenset[int]:
    """The rounds, evenly spread from the first on, at whose turns connections are made anew."""
    times = min(plan.renewals, plan.rounds)
    return frozenset(1 + time * plan.rounds // times for time in range(times))
