"""Who is a version of whom: contenders of one kind are served alike from the same folder, pinned to other versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model import Member, Newness, Specification, newness


def against(specifications: Iterable[str], members: Iterable[Member], reference: str) -> dict[str, str]:
    """By label the member that its version is held to: of each kind with several the run's reference, or its newest."""
    kinds: dict[str, list[Member]] = {}
    for written, member in zip(specifications, members, strict=True):
        kinds.setdefault(Specification.read(written).unpinned, []).append(member)
    several = [kind for kind in kinds.values() if len(kind) > 1 and pinned(kind)]
    return {member.label: _held_to(kind, reference) for kind in several for member in kind}


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
