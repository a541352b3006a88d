"""Derives from runs of several scenarios what each contender does in each: ratio, throughput, answers counted apart.

Where a scenario differs from another one in one thing only, what that costs each contender as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.model import (
    Matrix,
    MatrixCell,
    MatrixCost,
    MatrixLine,
    Member,
    ResultSet,
    Row,
    Summary,
    TurnOutcome,
    Verdict,
)
from harness.stats import unpaired
from harness.stats.slices import is_clean, throughputs

Run = tuple[ResultSet, Summary]


def derive(name: str, runs: Sequence[Run], beside: Mapping[str, str]) -> Matrix:
    """All that runs of several scenarios say together, in their order; one that sits out of some has no cells there.

    `beside`: by scenario the one that it is held against, as far as there is a run of both.
    """
    asked = {result_set.head.scenario.name: (result_set, summary) for result_set, summary in runs}
    members = {member.label: member for result_set, _ in runs for member in result_set.head.members}
    ordered = tuple(sorted(members.values(), key=lambda member: member.is_yardstick))
    return Matrix(
        name=name,
        reference=runs[0][0].head.plan.reference,
        members=ordered,
        lines=tuple(_line(run, ordered, asked.get(beside.get(scenario, ""))) for scenario, run in asked.items()),
    )


def _line(run: Run, members: Sequence[Member], other: Run | None) -> MatrixLine:
    result_set, summary = run
    rows = _rows(summary)
    head = result_set.head
    costs = _costs(run, other) if other else {}
    return MatrixLine(
        scenario=head.scenario.name,
        about=head.scenario.about,
        connections=head.plan.connections,
        cells=tuple(
            _cell(result_set, rows[one.label], costs.get(one.label)) if one.label in rows else None for one in members
        ),
        absent=head.absent,
        beside=other[0].head.scenario.name if other else None,
    )


def _rows(summary: Summary) -> Mapping[str, Row]:
    return {row.member.label: row for row in summary.rows}


def _costs(run: Run, other: Run) -> Mapping[str, MatrixCost]:
    """By label, of each contender that takes part in both."""
    ours, theirs = _rows(run[1]), _rows(other[1])
    both = [label for label, row in ours.items() if label in theirs and not row.member.is_yardstick]
    return {label: _cost(label, run, other, {ours[label].verdict, theirs[label].verdict}) for label in both}


def _cost(label: str, run: Run, other: Run, verdicts: Collection[Verdict]) -> MatrixCost:
    worse = Verdict.worst(verdicts)
    if worse is Verdict.INVALID:
        return MatrixCost(verdict=worse, ratio=None)
    ours, theirs = (throughputs(result_set)[label] for result_set, _ in (run, other))
    found = unpaired.between_scenarios(ours, theirs, other[0].head.scenario.name)
    return MatrixCost(verdict=worse, ratio=found.ratio if found else None)


def _cell(result_set: ResultSet, row: Row, cost: MatrixCost | None) -> MatrixCell:
    turns = _counted(result_set, row.member.label)
    return MatrixCell(
        contender=row.member.label,
        verdict=row.verdict,
        requests_per_s=row.requests_per_s,
        ratio=row.comparison.ratio if row.comparison else None,
        apart=_apart(result_set, turns) if not row.member.is_yardstick else {},
        services_share=None if row.member.is_yardstick else row.services_share,
        cost=cost,
    )


def _counted(result_set: ResultSet, label: str) -> tuple[TurnOutcome, ...]:
    """Its clean slices, without warm-ups."""
    return tuple(one for one in result_set.turns if one.contender == label and one.round and is_clean(one))


def _apart(result_set: ResultSet, turns: Sequence[TurnOutcome]) -> Mapping[str, float]:
    """By name the share of what these turns counted: that of the throughput; nothing where there was none."""
    names = dict.fromkeys(name for request in result_set.head.scenario.load for name in request.alternatives)
    recordings = [one.recording for one in turns if one.recording]
    counted = sum(one.counted for one in recordings)
    return {name: sum(one.counted_as(name) for one in recordings) / counted for name in names if counted}
