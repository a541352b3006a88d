"""Decides which contender is started, launched and measured when: random orders that follow from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import TypeVar

from harness.model import BlockPlan, Plan, Start, StartVariant, Turn

_Item = TypeVar("_Item")


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


def starts(plan: Plan, labels: Sequence[str]) -> tuple[Start, ...]:
    """Cold starts in their order: every contender once in every variant due before any starts again."""
    wanted = {variant: count for variant, count in plan.starts_by_variant.items() if count}
    orders = _orders(f"starts {plan.seed}", list(product(wanted, labels)))
    return tuple(
        Start(contender=label, index=index, variant=variant)
        for index in range(max(wanted.values(), default=0))
        for variant, label in next(orders)
        if index < wanted[variant]
    )


def filled(starts: Sequence[Start]) -> Iterator[Start]:
    """Before each start that would not find the page cache as an earlier one of its kind left it, the same uncounted.

    Such are the first without bytecode, for no other start reads sources, and each contender's next ones after a drop.
    Before the first of all, every contender must have been started warm.
    """
    full = {(start.contender, StartVariant.WARM) for start in starts}
    for start in starts:
        kind = start.contender, start.variant
        if start.variant is StartVariant.DROPPED:
            full = set()
            kind = start.contender, StartVariant.WARM  # it reads what a warm start reads
        elif kind not in full:
            yield start.model_copy(update={"counted": False})
        full.add(kind)
        yield start


def _orders(seed: str, items: Sequence[_Item]) -> Iterator[tuple[_Item, ...]]:
    """Endless random orders. A text as seed goes through SHA-512: the same in every version of Python."""
    source = random.Random(seed)  # noqa: S311  # an order of measurements is no secret
    while True:
        order = list(items)
        source.shuffle(order)
        yield tuple(order)


def _renewals(plan: Plan) -> frozenset[int]:
    """The rounds, evenly spread from the first on, at whose turns connections are made anew."""
    times = min(plan.renewals, plan.rounds)
    return frozenset(1 + time * plan.rounds // times for time in range(times))
