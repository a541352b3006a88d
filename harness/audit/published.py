"""Reads a published table: its figures, and its claims, each with the comparison that decides it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from harness.errors import InputError
from harness.model import Plan, Value

PUBLISHED = Path(__file__).parent.parent.parent / "results" / "published"

Measure = Literal["throughput", "latency", "cold start"]
Shape = Literal["figure", "ratio", "order", "scenario ratio", "scenario answers"]
Kind = Literal[
    "throughput",
    "throughput ratio",
    "throughput order",
    "latency",
    "cold start",
    "cold start ratio",
    "cold start order",
    "scenario ratio",
    "scenario answers",
]
"""What decides a claim: a figure of one app, a ratio of the first app to the others, an order, best first; or, in other
scenarios, that an app does as much in one as in another, or that it never gives some answer."""

_KINDS: Mapping[Kind, tuple[Measure, Shape]] = {
    "throughput": ("throughput", "figure"),
    "throughput ratio": ("throughput", "ratio"),
    "throughput order": ("throughput", "order"),
    "latency": ("latency", "figure"),
    "cold start": ("cold start", "figure"),
    "cold start ratio": ("cold start", "ratio"),
    "cold start order": ("cold start", "order"),
    "scenario ratio": ("throughput", "scenario ratio"),
    "scenario answers": ("throughput", "scenario answers"),
}
_FEWEST: Mapping[Shape, int] = {"figure": 1, "ratio": 2, "order": 2, "scenario ratio": 1, "scenario answers": 1}
_NEEDS: Mapping[Shape, int] = {"scenario ratio": 2, "scenario answers": 1}
_FIGURES: Mapping[Measure, str] = {"throughput": "requests_per_s", "latency": "latency_s", "cold start": "cold_start_s"}


class PublishedRow(Value):
    """One row as published, in SI units. `app` names the app that stands for it here."""

    title: str
    app: str
    requests_per_s: float = Field(gt=0)
    latency_s: float = Field(gt=0)
    cold_start_s: float = Field(gt=0)


class Claim(Value):
    """A claim in words, about the apps `of`. `times`: the ratio that it states, from and to; None: the table's own.

    `needs`: the scenarios that decide it, where no figure of the table can. `never`: the status that no answer has.
    `caveat`: what else differs in our way of testing it.
    """

    says: str
    kind: Kind
    of: tuple[str, ...] = ()
    times: tuple[float, float] | None = None
    needs: tuple[str, ...] = ()
    never: int | None = None
    caveat: str = ""

    @property
    def measure(self) -> Measure:
        return _KINDS[self.kind][0]

    @property
    def shape(self) -> Shape:
        return _KINDS[self.kind][1]

    @property
    def more_is_better(self) -> bool:
        return self.measure == "throughput"

    @model_validator(mode="after")
    def _names_what_its_kind_compares(self) -> Claim:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


class PublishedTable(Value):
    """Somebody's table of one scenario: `source` says where it comes from, `lineup` which of ours is served as it says.

    `instance` is the cloud's name for its `host`, where it has one.
    """

    source: str
    host: str
    instance: str | None = None
    scenario: str
    lineup: str | None = None
    connections: int = Field(ge=1)
    rows: tuple[PublishedRow, ...] = Field(min_length=1)
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _has_one_row_for_each_app(self) -> PublishedTable:
        apps = Counter(row.app for row in self.rows)
        problems = [f'two rows are of the app "{app}"' for app, times in apps.items() if times > 1]
        problems += [
            f'the claim "{claim.says}" is about "{app}", of which there is no row'
            for claim in self.claims
            for app in claim.of
            if app not in apps
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def speedup(self) -> tuple[float, float] | None:
        """How many times the throughput of the others its first row is said to have, from and to; None: not said."""
        said = (claim for claim in self.claims if claim.kind == "throughput ratio" and claim.times)
        return next((claim.times for claim in said if claim.of[0] == self.rows[0].app), None)

    def row(self, app: str) -> PublishedRow:
        return next(row for row in self.rows if row.app == app)

    def figure(self, measure: Measure, app: str) -> float:
        return float(getattr(self.row(app), _FIGURES[measure]))

    def stated(self, claim: Claim) -> tuple[float, float] | None:
        """What a claim states, from and to: its figure, or the ratio of its two; None for an order or scenarios."""
        figures = [self.figure(claim.measure, app) for app in claim.of]
        if claim.shape == "figure":
            return figures[0], figures[0]
        if claim.shape == "ratio":
            return claim.times or (figures[0] / figures[1], figures[0] / figures[1])
        return None


def find_published(name: str) -> PublishedTable:
    """A published table by its name under results/published, or by its path. Raises InputError."""
    path = Path(name) if name.endswith(".toml") else PUBLISHED / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in PUBLISHED.glob("*.toml")))
        raise InputError(f'there is no published table "{name}"', f"There is: {known}. Or name a TOML file.")
    return read_published(path)


def read_published(path: Path = PUBLISHED / "article.toml") -> PublishedTable:
    """A published table from its file. Raises InputError for one that cannot be read or says what it may not."""
    try:
        return PublishedTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f'"{path}" cannot be read: {error}', "It should be a TOML file in UTF-8.") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InputError(
            f'"{path}" is no published table:\n' + "\n".join(problems), "See results/README.md."
        ) from error


def published_for(plan: Plan) -> PublishedTable | None:
    """The article's table, if a run of this plan measures what the table speaks of. Raises InputError."""
    table = read_published()
    return table if speaks_of(table, plan) else None


def speaks_of(table: PublishedTable, plan: Plan) -> bool:
    """Whether a run of this plan measures what a table speaks of.

    Other engines than ours measure themselves before they measure a server: nothing stands beside their numbers.
    """
    return plan.scenario == table.scenario and plan.engine == "connection"


def implied_latency_s(connections: int, requests_per_s: float) -> float:
    """The mean latency of connections that are always busy, by Little's law: L = lambda W (Little 1961).

    A published mean far from it means that the connections were mostly idle, or that one of the two is wrong.
    """
    return connections / requests_per_s


def _problems(claim: Claim) -> Iterator[str]:
    """What its kind asks for and it does not say, or the reverse."""
    fewest, count = _FEWEST[claim.shape], len(claim.of)
    exactly = claim.shape != "order" and not claim.times
    if count < fewest or (exactly and count > fewest):
        yield f'a claim of the kind "{claim.kind}" names {fewest} in `of`, not {count}'
    if len(set(claim.of)) < count:
        yield "an app stands twice in `of`"
    if claim.times and claim.shape != "ratio":
        yield f'a claim of the kind "{claim.kind}" states no `times`'
    if claim.times and not 0 < claim.times[0] <= claim.times[1]:
        yield "`times` are from and to, both above 0"
    needed = _NEEDS.get(claim.shape, 0)
    if len(claim.needs) != needed:
        yield f'a claim of the kind "{claim.kind}" takes {needed} scenarios in `needs`, not {len(claim.needs)}'
    if (claim.never is None) is (claim.shape == "scenario answers"):
        yield "`never` is for claims of the kind scenario answers, and they take it"
