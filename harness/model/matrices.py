"""What several runs say together that differ in nothing but their scenario."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from harness.model.meaning import Estimate, Verdict
from harness.model.runs import Member
from harness.model.value import Value


class MatrixCell(Value):
    """One contender in one scenario.

    `ratio` is its throughput over the reference's; None: it is the reference, or nothing was compared. `apart`: by
    name, the share of its correct answers that were counted apart; a name of which there were none is there with 0.
    `services_share`: the share of the servers' CPUs that services took in its slices; None: there are none.
    """

    contender: str
    verdict: Verdict
    requests_per_s: Estimate | None
    ratio: Estimate | None
    apart: Mapping[str, float]
    services_share: float | None


class MatrixLine(Value):
    """One scenario: a cell for each member of the matrix, in that order; None: it takes no part in this scenario.

    `absent` are those that were named, but take no part, by label, and why.
    """

    scenario: str
    about: str
    connections: int
    cells: tuple[MatrixCell | None, ...]
    absent: Mapping[str, str] = Field(default={}, exclude_if=lambda absent: not absent)


class Matrix(Value):
    """Scenarios in the order of the runs, each with all contenders; ratios are to `reference` (a label)."""

    name: str
    reference: str
    members: tuple[Member, ...]
    lines: tuple[MatrixLine, ...]
