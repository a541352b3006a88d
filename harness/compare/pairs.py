"""Decides who of two runs is compared with whom."""

from __future__ import annotations

from harness.errors import InputError
from harness.model import Member, RunHead

Pair = tuple[str, str]
"""A label in the first run, and one in the second."""


def pairs(first: RunHead, second: RunHead, named: tuple[str | None, str | None]) -> tuple[Pair, ...]:
    """The two that are named; where none is, every label that both runs have, yardsticks last.

    One name stands for both. Raises InputError where there is nothing to compare.
    """
    ours, theirs = named[0] or named[1], named[1] or named[0]
    if first == second and ours == theirs:
        raise InputError(f'both are the run "{first.name}"', "Name two contenders of it: RUN:CONTENDER RUN:CONTENDER")
    if ours and theirs:
        return ((_known(first, ours), _known(second, theirs)),)
    return tuple((member.label, member.label) for member in _common(first, second))


def _common(first: RunHead, second: RunHead) -> list[Member]:
    theirs = {member.label for member in second.members}
    found = sorted((one for one in first.members if one.label in theirs), key=lambda member: member.is_yardstick)
    if all(member.is_yardstick for member in found):
        raise InputError(
            f'the runs "{first.name}" and "{second.name}" have no contender in common',
            f"Name one of each, RUN:CONTENDER. The first has {_labels(first)}; the second {_labels(second)}.",
        )
    return found


def _known(head: RunHead, label: str) -> str:
    if label not in {member.label for member in head.members}:
        raise InputError(f'the run "{head.name}" has no contender "{label}"', f"It has: {_labels(head)}.")
    return label


def _labels(head: RunHead) -> str:
    return ", ".join(member.label for member in head.members)
