"""What several runs say together that differ in nothing but their scenario."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from harness.model.meaning import Estimate, Verdict
from harness.model.runs import Member
from harness.model.value import Value


class MatrixCost(Value):
    """One contender in two scenarios that differ in one thing: its throughput in the one over that in the other.

    `ratio` is over the blocks of both, as two samples; None: one of the numbers is INVALID, or missing. `verdict` is
    the worse one of the two numbers.
    """

    verdict: Verdict
    ratio: Estimate | None


class MatrixCell(Value):
    """One contender in one scenario.

    `ratio` is its throughput over the reference's; None: it is the reference, or nothing was compared. `apart`: by
    name, the share of its counted answers, to whatever request, that were counted apart; of which there were none, 0.
    `services_share`: the share of the servers' CPUs that services took in its slices; None: there are none. `cost`:
    over its throughput in the scenario `beside` this one; None: there is no such scenario, or it takes no part there.
    """

    contender: str
    verdict: Verdict
    requests_per_s: Estimate | None
    ratio: Estimate | None
    apart: Mapping[str, float]
    services_share: float | None
    cost: MatrixCost | None = Field(default=None, exclude_if=lambda cost: cost is None)


class MatrixLine(Value):
    """One scenario: a cell for each member of the matrix, in that order; None: it takes no part in this scenario.

    `absent` are those that were named, but take no part, by label, and why. `beside`: the scenario of this matrix that
    this one is held against; None: there is none.
    """

    scenario: str
    about: str
    connections: int
    cells: tuple[MatrixCell | None, ...]
    absent: Mapping[str, str] = Field(default={}, exclude_if=lambda absent: not absent)
    beside: str | None = Field(default=None, exclude_if=lambda beside: beside is None)


class Matrix(Value):
    """Scenarios in the order of the runs, each with all contenders; ratios are to `reference` (a label)."""

    name: str
    reference: str
    members: tuple[Member, ...]
    lines: tuple[MatrixLine, ...]
