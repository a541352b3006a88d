"""How a claim stands beside our runs, and all claims of a table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from harness.audit.published import Claim
from harness.model import Estimate, Value


class Standing(StrEnum):
    """How a claim stands."""

    REPRODUCED = "reproduced"
    ORDER_ONLY = "order only"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"
    INCONSISTENT = "inconsistent as stated"
    OTHER_HOST = "other host"
    NOT_TESTED = "not tested yet"


FAILING = frozenset({Standing.NOT_REPRODUCED, Standing.INCONSISTENT})


class Found(NamedTuple):
    """How a claim stands, and why."""

    standing: Standing
    because: str


class Apart(Value):
    """How many of a contender's answers were of the kind that a claim speaks of."""

    answers: int
    of: int


class Judged(Value):
    """A claim, what it states (from and to; an order or answers: None), what we measured, and how it stands.

    SI units. Ratios are of the first app to each of the others, or of one scenario to another. `order`: our contenders,
    best first. `apart`: by our label, the one that the claim is about first, what was counted in a scenario.
    """

    claim: Claim
    stated: tuple[float, float] | None
    measured: tuple[Estimate, ...]
    order: tuple[str, ...]
    apart: Mapping[str, Apart] = {}
    standing: Standing
    because: str


class Audit(Value):
    """All claims of a published table, tested against one run; `contenders` stand for the titles of its rows.

    Claims that take other scenarios were tested against runs of these: `scenarios` says which, by scenario, and
    `scenario_contenders` who stands there for which row.
    """

    source: str
    host: str
    connections: int
    run: str
    lineup: str
    contenders: Mapping[str, str]
    scenarios: Mapping[str, str] = {}
    scenario_contenders: Mapping[str, str] = {}
    claims: tuple[Judged, ...]
