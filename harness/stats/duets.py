"""Decides which duets count, what a block of them says, and whether the conditions of the method held (METHOD.md 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.model import DuetOutcome, DuetPart
from harness.stats.estimates import trimmed_mean


def is_clean(duet: DuetOutcome) -> bool:
    """Whether it says what answers cost: it did not fail, all answers were right, both used CPU time."""
    return (
        duet.failure is None
        and bool(duet.parts)
        and all(part.is_whole and part.answered and part.cpu_s > 0 for part in duet.parts.values())
    )


def log_ratio(duet: DuetOutcome) -> float:
    """Log of the contender's answers per CPU second over the other's."""
    ours, theirs = duet.parts[duet.contender], duet.parts[duet.beside]
    return math.log(ours.answered / ours.cpu_s) - math.log(theirs.answered / theirs.cpu_s)


def by_block(duets: Sequence[DuetOutcome]) -> dict[int, list[float]]:
    """The log ratios of the clean duets of one contender, by block."""
    blocks: dict[int, list[float]] = {}
    for duet in duets:
        if is_clean(duet):
            blocks.setdefault(duet.block, []).append(log_ratio(duet))
    return blocks


def log_ratios(duets: Sequence[DuetOutcome]) -> dict[int, float]:
    """By block: the 20 % trimmed mean over the clean duets of one contender."""
    return {block: trimmed_mean(logs) for block, logs in by_block(duets).items()}


def cpu_share(duet: DuetOutcome) -> float:
    """The contender's share of the CPU time that the two used while both were under load.

    Whoever drains last has the CPUs to itself meanwhile: that time is taken off, as if it had used one of them whole.
    """
    ours, theirs = (_cpu_together_s(duet.parts, label) for label in (duet.contender, duet.beside))
    return ours / (ours + theirs)


def busy(duet: DuetOutcome, cpus: int) -> float:
    """The share of the CPUs' time under load that the two used."""
    return sum(part.cpu_s for part in duet.parts.values()) / (cpus * max(one.loaded_s for one in duet.parts.values()))


def _cpu_together_s(parts: Mapping[str, DuetPart], label: str) -> float:
    alone_s = parts[label].loaded_s - min(part.loaded_s for part in parts.values())
    return parts[label].cpu_s - alone_s
