"""Puts a published table beside our own, row by row, where both speak of the same."""

from __future__ import annotations

from collections.abc import Sequence

from harness.audit.published import PublishedRow, PublishedTable, implied_latency_s
from harness.model import ClaimRow, Claims, Row, Verdict


def beside(table: PublishedTable, rows: Sequence[Row]) -> Claims | None:
    """Each published row beside the first contender of its app in `rows`; None if no app of the table took part.

    Ratios are of throughput, to the table's first row; no measured one where either number is INVALID or missing.
    """
    ours = [(published, contender_of(published, rows)) for published in table.rows]
    lines = tuple(_line(table, published, row, ours[0][1]) for published, row in ours if row)
    if not lines:
        return None
    return Claims(
        source=table.source, host=table.host, connections=table.connections, speedup=table.speedup, rows=lines
    )


def contender_of(published: PublishedRow, rows: Sequence[Row]) -> Row | None:
    """The contender that stands for a published row: the first of its app that is not pinned to other versions."""
    ours = (row for row in rows if row.member.role == "contender" and not row.member.pins)
    return next((row for row in ours if row.member.app == published.app), None)


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
