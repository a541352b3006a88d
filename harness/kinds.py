"""Who is a version of whom: contenders of one kind are served alike from the same folder, pinned to other versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model import Member, Newness, newness


def against(served: Iterable[str], members: Iterable[Member], reference: str) -> dict[str, str]:
    """By label the member that its version is held to: of each kind with several the run's reference, or its newest.

    `served` says of each member from which folder it is served, and how.
    """
    kinds: dict[str, list[Member]] = {}
    for kind, member in zip(served, members, strict=True):
        kinds.setdefault(kind, []).append(member)
    several = [alike for alike in kinds.values() if len(alike) > 1 and pinned(alike)]
    return {member.label: _held_to(alike, reference) for alike in several for member in alike}


def pinned(kind: Iterable[Member]) -> tuple[str, ...]:
    """What members of a kind are pinned to versions of, in the order in which that was asked for."""
    return tuple(dict.fromkeys(name for member in kind for name in member.pins))


def age(member: Member, names: Sequence[str]) -> list[Newness]:
    """The larger, the newer it is in these."""
    return [newness(member.packages.get(name, "0")) for name in names]


def _held_to(kind: Sequence[Member], reference: str) -> str:
    if any(member.label == reference for member in kind):
        return reference
    return max(kind, key=lambda member: age(member, pinned(kind))).label
