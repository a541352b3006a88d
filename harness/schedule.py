"""Decides which contender is started, launched and measured when: random orders that follow from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple, TypeVar

from harness.model import BlockPlan, Member, Plan, Start, StartVariant, Turn

_Thing = TypeVar("_Thing")


class Leads(NamedTuple):
    """By how much turns last longer than they need."""

    of_warm_ups: Iterator[float]
    of_slices: Iterator[float]


def blocks(plan: Plan, members: Sequence[Member]) -> tuple[BlockPlan, ...]:
    """Every block of `plan` in the order of play: blocks of the other wait policy are spread among the usual ones.

    The usual blocks have the first indices. A longer plan of the same seed has the usual blocks of a shorter one.
    """
    usual = _usual(plan, members)
    others = _others(plan, members)
    between = [(place + 1) * len(usual) // (len(others) + 1) for place in range(len(others))]
    order = sorted([*zip(between, others, strict=True), *enumerate(usual)], key=lambda pair: pair[0])
    return (*(block for _, block in order), *_open(plan, members))


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


def rotations(plans: Sequence[Plan]) -> Iterator[tuple[int, ...]]:
    """For each block in turn, of whatever kind, the order in which several runs do theirs, as places in `plans`."""
    orders = _orders(f"rotations {plans[0].seed}", range(len(plans)))
    return islice(orders, max(plan.blocks + plan.other_wait_blocks + plan.open_blocks for plan in plans))


def _usual(plan: Plan, members: Sequence[Member]) -> list[BlockPlan]:
    """Slices of all, then duets with the reference, then idle connections of all but the yardsticks."""
    orders = _orders(f"blocks {plan.seed}", [member.label for member in members])
    leads = _leads(plan, "")
    duets = _orders(f"duets {plan.seed}", _in_duets(plan, members))
    idle = _orders(f"idle {plan.seed}", _idle(plan, members))
    return [
        BlockPlan(
            index=index,
            launches=next(orders),
            turns=(*_slices(plan, members, orders, leads), *_duets(plan, duets)),
            idle=next(idle),
        )
        for index in range(plan.blocks)
    ]


def _others(plan: Plan, members: Sequence[Member]) -> list[BlockPlan]:
    """Slices of all, under the other wait policy."""
    orders = _orders(f"other wait {plan.seed}", [member.label for member in members])
    leads = _leads(plan, "other wait ")
    indices = range(plan.blocks, plan.blocks + plan.other_wait_blocks)
    return [
        BlockPlan(index=index, kind="other wait", launches=next(orders), turns=_slices(plan, members, orders, leads))
        for index in indices
    ]


def _open(plan: Plan, members: Sequence[Member]) -> list[BlockPlan]:
    """A window of open loop of all but `control`, whose latency nobody asks for, at each rate."""
    orders = _orders(f"open loop {plan.seed}", [member.label for member in members if member.role != "control"])
    rates = _orders(f"rates {plan.seed}", tuple(enumerate(plan.open_shares, 1)))
    first = plan.blocks + plan.other_wait_blocks
    return [
        BlockPlan(
            index=index,
            kind="open loop",
            launches=next(orders),
            turns=(
                *(Turn(contender=label, round=0) for label in next(orders)),
                *(
                    Turn(contender=label, round=number, share=share)
                    for number, share in next(rates)
                    for label in next(orders)
                ),
            ),
        )
        for index in range(first, first + plan.open_blocks)
    ]


def _slices(plan: Plan, members: Sequence[Member], orders: Iterator[tuple[str, ...]], leads: Leads) -> tuple[Turn, ...]:
    """Warm-ups, then rounds; connections to several workers are renewed `plan.renewals` times a block.

    Warm-ups differ in length from block to block: else what comes after a number of requests, such as a collection of
    garbage, would fall into the same round of all.
    """
    several_workers = {member.label for member in members if member.workers > 1}
    renewals = _renewals(plan)
    return tuple(
        Turn(
            contender=label,
            round=number,
            renew=label in several_workers and number in renewals,
            lead_s=next(leads.of_slices if number else leads.of_warm_ups),
        )
        for number in range(plan.rounds + 1)
        for label in next(orders)
    )


def _duets(plan: Plan, orders: Iterator[tuple[str, ...]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(contender=label, round=number, beside=plan.reference)
        for number in range(1, plan.duets + 1)
        for label in next(orders)
    )


def _in_duets(plan: Plan, members: Sequence[Member]) -> list[str]:
    """All but the reference itself, and `null`, which waits for its network rather than for a CPU."""
    return [member.label for member in members if member.label != plan.reference and member.role != "null"]


def _idle(plan: Plan, members: Sequence[Member]) -> list[str]:
    """All but the yardsticks, which know no WebSockets; nobody, if none are planned."""
    return [member.label for member in members if plan.idle_connections and not member.is_yardstick]


def _orders(seed: str, things: Sequence[_Thing]) -> Iterator[tuple[_Thing, ...]]:
    """Endless random orders. A text as seed goes through SHA-512: the same in every version of Python."""
    source = random.Random(seed)  # noqa: S311  # an order of measurements is no secret
    while True:
        order = list(things)
        source.shuffle(order)
        yield tuple(order)


def _leads(plan: Plan, kind: str) -> Leads:
    return Leads(
        _times(f"{kind}warm-ups {plan.seed}", plan.warm_spread_s), _times(f"{kind}leads {plan.seed}", plan.lead_s)
    )


def _times(seed: str, most_s: float) -> Iterator[float]:
    """Endless random times from 0 to so many seconds."""
    source = random.Random(seed)  # noqa: S311  # no secret
    while True:
        yield source.uniform(0, most_s)


def _renewals(plan: Plan) -> frozenset[int]:
    """The rounds, evenly spread from the first on, at whose turns connections are made anew."""
    times = min(plan.renewals, plan.rounds)
    return frozenset(1 + time * plan.rounds // times for time in range(times))
