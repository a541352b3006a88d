"""Runs as occasions, each at its hour and boot: what each said of every contender, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.model.meaning import Estimate, Pooled, Verdict
from harness.model.value import Value


class OccasionRow(Value):
    """What a run said of one contender. `ratio` is to the occasion's reference, `duet` too; None: not compared."""

    contender: str
    app: str
    deployment: str
    verdict: Verdict
    requests_per_s: float | None
    ratio: Estimate | None
    log_ratio: float | None
    log_error: float | None
    duet: Estimate | None = None


class Occasion(Value):
    """One run as one of several. `machine` and `plan` are digests; `control_per_s` is the machine's speed just then."""

    format: Literal[1] = 1
    run: str
    at: float
    boot_id: str | None
    machine: str
    cpu_model: str | None
    plan: str
    digests: Mapping[str, str]
    command: str
    lineup: str
    scenario: str
    reference: str
    connections: int
    blocks: int
    control_per_s: float | None
    rows: tuple[OccasionRow, ...]

    @property
    def series(self) -> tuple[str, ...]:
        """What occasions share that repeat each other: plan, machine and all that measures."""
        return series(self.plan, self.machine, self.digests)

    def is_settled(self, row: OccasionRow) -> bool:
        """Whether a row's number and the reference's are SERVER-BOUND, so that their ratio decides something."""
        both = {row.verdict, *(one.verdict for one in self.rows if one.contender == self.reference)}
        return both == {Verdict.SERVER_BOUND}


class Series(Value):
    """Occasions that repeat each other, in their order, and what their settled ratios say together of each contender.

    `pooled_duets`: of the ratios by duet; without those that no occasion has.
    """

    occasions: tuple[Occasion, ...]
    pooled: Mapping[str, Pooled | None]
    pooled_duets: Mapping[str, Pooled | None] = {}


def series(plan: str, machine: str, digests: Mapping[str, str]) -> tuple[str, ...]:
    """See `Occasion.series`. What is derived can be derived anew, and does not part a series."""
    return plan, machine, *(f"{key} {digest}" for key, digest in sorted(digests.items()) if key != "deriving")
