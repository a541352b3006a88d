"""Puts a published table beside our own, where it speaks of the same: what it claims, and what its numbers imply."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from harness.errors import InputError
from harness.model import ClaimRow, Claims, Plan, Row, Value, Verdict

PUBLISHED = Path(__file__).parent.parent / "results" / "published"


class PublishedRow(Value):
    """One row as published, in SI units. `app` names the app that stands for it here."""

    title: str
    app: str
    requests_per_s: float = Field(gt=0)
    latency_s: float = Field(gt=0)
    cold_start_s: float = Field(gt=0)


class PublishedTable(Value):
    """Somebody's table. It speaks of one scenario; `source` says where it comes from, `speedup` see `Claims`."""

    source: str
    host: str
    scenario: str
    connections: int = Field(ge=1)
    speedup: tuple[float, float] | None = None
    rows: tuple[PublishedRow, ...] = Field(min_length=1)


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
    """The article's table, if a run of this plan measures what the table speaks of. Raises InputError.

    Other engines than ours measure themselves before they measure a server: nothing stands beside their numbers.
    """
    table = read_published()
    return table if plan.scenario == table.scenario and plan.engine == "connection" else None


def beside(table: PublishedTable, rows: Sequence[Row]) -> Claims | None:
    """Each published row beside the first contender of its app in `rows`; None if no app of the table took part.

    Ratios are of throughput, to the table's first row; no measured one where either number is INVALID or missing.
    """
    ours = [(published, _contender(published, rows)) for published in table.rows]
    lines = tuple(_line(table, published, row, ours[0][1]) for published, row in ours if row)
    if not lines:
        return None
    return Claims(
        source=table.source, host=table.host, connections=table.connections, speedup=table.speedup, rows=lines
    )


def implied_latency_s(connections: int, requests_per_s: float) -> float:
    """The mean latency of connections that are always busy, by Little's law: L = lambda W (Little 1961).

    A published mean far from it means that the connections were mostly idle, or that one of the two is wrong.
    """
    return connections / requests_per_s


def _line(table: PublishedTable, published: PublishedRow, row: Row, first: Row | None) -> ClaimRow:
    return ClaimRow(
        title=published.title,
        contender=row.member.label,
        claimed_requests_per_s=published.requests_per_s,
        claimed_latency_s=published.latency_s,
        claimed_cold_start_s=published.cold_start_s,
        claimed_ratio=published.requests_per_s / table.rows[0].requests_per_s,
        implied_latency_s=implied_latency_s(table.connections, published.requests_per_s),
        measured_ratio=_ratio(row, first),
    )


def _contender(published: PublishedRow, rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row.member.role == "contender" and row.member.app == published.app), None)


def _ratio(row: Row, first: Row | None) -> float | None:
    """The ratio of the two printed ratios, so that it agrees with our own table; 1 for the reference itself."""
    if first is None or Verdict.INVALID in {row.verdict, first.verdict}:
        return None
    if row is first:
        return 1.0
    ours, firsts = _to_reference(row, first), _to_reference(first, row)
    return None if ours is None or firsts is None else ours / firsts


def _to_reference(row: Row, other: Row) -> float | None:
    """A row's ratio to the reference; the reference itself has no comparison, but is the other's."""
    if row.comparison:
        return row.comparison.ratio.value
    is_reference = other.comparison is not None and other.comparison.reference == row.member.label
    return 1.0 if is_reference else None
