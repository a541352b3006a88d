"""Derives from runs of several scenarios what each contender does in each: ratio, throughput, answers counted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.model import Matrix, MatrixCell, MatrixLine, Member, ResultSet, Row, Summary, TurnOutcome
from harness.stats.slices import is_clean

Run = tuple[ResultSet, Summary]


def derive(name: str, runs: Sequence[Run]) -> Matrix:
    """All that runs of several scenarios say together, in their order; one that sits out of some has no cells there."""
    members = {member.label: member for result_set, _ in runs for member in result_set.head.members}
    ordered = tuple(sorted(members.values(), key=lambda member: member.is_yardstick))
    return Matrix(
        name=name,
        reference=runs[0][0].head.plan.reference,
        members=ordered,
        lines=tuple(_line(result_set, summary, ordered) for result_set, summary in runs),
    )


def _line(result_set: ResultSet, summary: Summary, members: Sequence[Member]) -> MatrixLine:
    rows = {row.member.label: row for row in summary.rows}
    head = result_set.head
    return MatrixLine(
        scenario=head.scenario.name,
        about=head.scenario.about,
        connections=head.plan.connections,
        cells=tuple(_cell(result_set, rows[one.label]) if one.label in rows else None for one in members),
        absent=head.absent,
    )


def _cell(result_set: ResultSet, row: Row) -> MatrixCell:
    turns = _counted(result_set, row.member.label)
    return MatrixCell(
        contender=row.member.label,
        verdict=row.verdict,
        requests_per_s=row.requests_per_s,
        ratio=row.comparison.ratio if row.comparison else None,
        apart=_apart(result_set, turns) if not row.member.is_yardstick else {},
        services_share=None if row.member.is_yardstick else row.services_share,
    )


def _counted(result_set: ResultSet, label: str) -> tuple[TurnOutcome, ...]:
    """Its clean slices, without warm-ups."""
    return tuple(one for one in result_set.turns if one.contender == label and one.round and is_clean(one))


def _apart(result_set: ResultSet, turns: Sequence[TurnOutcome]) -> Mapping[str, float]:
    """By name the share of the answers of these turns; nothing where there were none."""
    names = dict.fromkeys(name for request in result_set.head.scenario.load for name in request.alternatives)
    answered = _answered(turns)
    recordings = [one.recording for one in turns if one.recording]
    return {name: sum(one.alternatives.get(name, 0) for one in recordings) / answered for name in names if answered}


def _answered(turns: Sequence[TurnOutcome]) -> int:
    return sum(one.recording.answered for one in turns if one.recording)
