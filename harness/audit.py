"""Puts a published table beside our own: what it claims, row by row, and what its numbers imply."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from harness.errors import InputError
from harness.model import ClaimRow, Row, Value, Verdict

PUBLISHED = Path(__file__).parent.parent / "results" / "published"


class PublishedRow(Value):
    """One row as published, in SI units. `app` names the app that stands for it here."""

    title: str
    app: str
    requests_per_s: float = Field(gt=0)
    latency_s: float = Field(gt=0)
    cold_start_s: float = Field(gt=0)


class PublishedTable(Value):
    """Somebody's table and claims. `source` says where it comes from, `claims` are its sentences."""

    source: str
    host: str
    connections: int = Field(ge=1)
    claims: tuple[str, ...] = ()
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


def beside(table: PublishedTable, rows: Sequence[Row]) -> tuple[ClaimRow, ...]:
    """Each published row beside the first contender of the same app in `rows`, if there is one.

    Ratios are of throughput, to the table's first row; no measured one where either number is INVALID or missing.
    """
    ours = [_contender(published, rows) for published in table.rows]
    return tuple(
        ClaimRow(
            title=published.title,
            contender=row.member.label if row else None,
            claimed_requests_per_s=published.requests_per_s,
            claimed_latency_s=published.latency_s,
            claimed_cold_start_s=published.cold_start_s,
            claimed_ratio=published.requests_per_s / table.rows[0].requests_per_s,
            measured_ratio=_ratio(row, ours[0]),
        )
        for published, row in zip(table.rows, ours, strict=True)
    )


def implied_latency_s(connections: int, requests_per_s: float) -> float:
    """The mean latency of connections that are always busy, by Little's law: L = lambda W (Little 1961).

    A published mean far from it means that the connections were mostly idle, or that one of the two is wrong.
    """
    return connections / requests_per_s


def _contender(published: PublishedRow, rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row.member.role == "contender" and row.member.app == published.app), None)


def _ratio(row: Row | None, first: Row | None) -> float | None:
    """The ratio of the two printed ratios, so that it agrees with our own table; 1 for the reference itself."""
    if row is None or first is None or Verdict.INVALID in {row.verdict, first.verdict}:
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
