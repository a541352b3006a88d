"""Holds each version of a contender to its newest, or to the reference: throughput, and what else moved with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness import kinds
from harness.model import PYTHON, Comparison, Member, Release, RunHead
from harness.stats import calls
from harness.stats.slices import Throughputs, log_ratios


def releases(
    head: RunHead,
    valid: Mapping[str, Throughputs],
    compared: Mapping[str, Comparison],
    doubted: Collection[str] = (),
) -> tuple[Release, ...]:
    """Contender by contender, the oldest version first; none where nobody stands at several versions.

    `valid` are the throughputs that may be compared. `compared` are the ratios to the run's own reference: whoever is
    held to that is not judged a second time. Of `doubted` contenders, and those that are held to one, nothing is said.
    """
    return tuple(
        one
        for to in dict.fromkeys(head.against.values())
        for one in _of_one(head, to, compared if to == head.plan.reference else _family(head, to, valid, doubted))
    )


def _of_one(head: RunHead, to: str, compared: Mapping[str, Comparison]) -> Iterator[Release]:
    kind = [member for member in head.members if head.against.get(member.label) == to]
    base = next(member for member in kind if member.label == to)
    names = kinds.pinned(kind)
    for member in sorted(kind, key=lambda member: kinds.age(member, names)):
        yield Release(
            contender=member.label,
            against=to,
            versions={name: member.packages.get(name) for name in names},
            moved={name: member.packages.get(name) for name in _differing(member, base) if name not in names},
            comparison=compared.get(member.label),
        )


def _differing(member: Member, base: Member) -> list[str]:
    """What is not there comes last."""
    names = (member.packages.keys() | base.packages.keys()) - {PYTHON}
    differing = (name for name in names if member.packages.get(name) != base.packages.get(name))
    return sorted(differing, key=lambda name: (name not in member.packages, name))


def _family(
    head: RunHead, to: str, valid: Mapping[str, Throughputs], doubted: Collection[str]
) -> Mapping[str, Comparison]:
    """All that are held to the same version."""
    if to not in valid:
        return {}
    others = [label for label, held_to in head.against.items() if held_to == to != label and label in valid]
    logs = {label: tuple(log_ratios(valid[label], valid[to]).values()) for label in others}
    return calls.comparisons(to, {label: one for label, one in logs.items() if one}, doubted)
