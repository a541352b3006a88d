"""Decides how each claim of a published table stands beside our run.

The first that applies: what the table says against itself, what our run lacks to test it, what our run found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from harness.audit import scenarios
from harness.audit.ours import Ours, Ratio
from harness.audit.published import Claim, PublishedTable, implied_latency_s
from harness.audit.scenarios import Others
from harness.audit.standing import Audit, Found, Judged, Standing
from harness.model import Estimate, ResultSet, Summary, Verdict

WIDENED = 0.1
"""By how much our interval of a ratio is widened; and how far a table's figures may be from each other."""
NEAR = 0.25
"""How far an absolute figure may be from ours, on the same instance type."""


def audit(
    table: PublishedTable,
    result_set: ResultSet,
    summary: Summary,
    rotation: Sequence[tuple[ResultSet, Summary]] = (),
) -> Audit:
    """How each claim of a table stands beside a run that measured what it speaks of (`speaks_of`).

    `rotation`: runs of several scenarios in one, for the claims that take others than the table's.
    """
    ours = Ours(table, result_set, summary.rows)
    others = {run.head.scenario.name: Ours(table, run, derived.rows) for run, derived in rotation}
    names = dict.fromkeys(name for claim in table.claims for name in claim.needs)
    needed = {name: others[name].result_set.head.name for name in names if name in others}
    return Audit(
        source=table.source,
        host=table.host,
        connections=table.connections,
        run=result_set.head.name,
        lineup=result_set.head.plan.lineup,
        contenders=_stand_ins(ours),
        scenarios=needed,
        scenario_contenders=_stand_ins(others[next(iter(needed))]) if needed else {},
        claims=tuple(_of_scenarios(claim, others) if claim.needs else _claim(claim, ours) for claim in table.claims),
    )


def _stand_ins(ours: Ours) -> dict[str, str]:
    """Our contenders' labels by the title of the row that they stand for."""
    return {ours.table.row(app).title: row.member.label for app, row in ours.contenders.items()}


def _claim(claim: Claim, ours: Ours) -> Judged:
    found = _contradicted(claim, ours.table) or _untested(claim, ours) or _judged(claim, ours)
    return Judged(
        claim=claim,
        stated=ours.table.stated(claim),
        measured=tuple(_measured(claim, ours)),
        order=_order(claim, ours),
        standing=found.standing,
        because=f"{found.because} {claim.caveat}".strip(),
    )


def _of_scenarios(claim: Claim, others: Others) -> Judged:
    """A claim that takes other scenarios than the table's."""
    lacks = next(scenarios.lacks(claim, others), None)
    found = Found(Standing.NOT_TESTED, lacks) if lacks else _judged_scenarios(claim, others)
    comparison = scenarios.compared(claim, others) if claim.shape == "scenario ratio" else None
    return Judged(
        claim=claim,
        stated=None,
        measured=(comparison.ratio,) if comparison else (),
        order=(),
        apart=scenarios.apart(claim, others),
        standing=found.standing,
        because=f"{found.because} {claim.caveat}".strip(),
    )


def _judged_scenarios(claim: Claim, others: Others) -> Found:
    """Doubts are about throughput: how many answers there were of some kind was counted, whatever the speed."""
    if claim.shape == "scenario answers":
        return scenarios.judged_answers(claim, others)
    return _unless_doubted(scenarios.judged_ratio(claim, others), scenarios.doubts(claim, others))


def _unless_doubted(found: Found, doubts: Iterable[str]) -> Found:
    """Nothing is decided by a number that is not SERVER-BOUND."""
    said = tuple(doubts)
    return Found(Standing.UNDECIDED, " ".join(("As measured:", found.because, "But", *said))) if said else found


def _measured(claim: Claim, ours: Ours) -> Iterator[Estimate]:
    """Our figure, or our ratios, as far as there are any."""
    if claim.shape == "figure":
        yield from filter(None, [ours.figure(claim.measure, claim.of[0])])
    elif claim.shape == "ratio":
        yield from (ratio.estimate for ratio in _ratios(claim, ours) if ratio)


def _ratios(claim: Claim, ours: Ours) -> list[Ratio | None]:
    found = ours.ratios(claim.measure)
    return [found.get((claim.of[0], other)) for other in claim.of[1:]]


def _order(claim: Claim, ours: Ours) -> tuple[str, ...]:
    """Our contenders of a claimed order, best first; none where a figure is missing."""
    figures = {app: ours.figure(claim.measure, app) for app in claim.of} if claim.shape == "order" else {}
    known = {app: figure.value for app, figure in figures.items() if figure}
    best_first = sorted(known, key=known.__getitem__, reverse=claim.more_is_better)
    return tuple(ours.contenders[app].member.label for app in best_first) if known.keys() == figures.keys() else ()


# What it says against itself ------------------------------------------------------------------------------------------


def _contradicted(claim: Claim, table: PublishedTable) -> Found | None:
    said = _against_its_table(claim, table) or _against_little(claim, table)
    return Found(Standing.INCONSISTENT, said) if said else None


def _against_its_table(claim: Claim, table: PublishedTable) -> str | None:
    figures = [table.figure(claim.measure, app) for app in claim.of]
    if claim.shape == "order" and figures != sorted(figures, reverse=claim.more_is_better):
        return "Its own table has another order."
    own = [figures[0] / other for other in figures[1:]]
    if claim.times and not all(_is_within(claim.times, one) for one in own):
        return f"Its own table says {' and '.join(f'{one:.3g}' for one in own)} times."
    return None


def _against_little(claim: Claim, table: PublishedTable) -> str | None:
    """A mean latency that so many busy connections cannot have had at the throughput of the same row."""
    if claim.kind != "latency":
        return None
    row = table.row(claim.of[0])
    implied_s = implied_latency_s(table.connections, row.requests_per_s)
    if _is_within((implied_s, implied_s), row.latency_s):
        return None
    return (
        f"By Little's law {table.connections} busy connections at {row.requests_per_s:,.0f}/s have a mean latency of "
        f"{1000 * implied_s:.3g} ms."
    )


# What our run lacks to test it ----------------------------------------------------------------------------------------


def _untested(claim: Claim, ours: Ours) -> Found | None:
    lacks = next(_lacks(claim, ours), None)
    return Found(Standing.NOT_TESTED, lacks) if lacks else None


def _lacks(claim: Claim, ours: Ours) -> Iterator[str]:
    connections = ours.result_set.head.plan.connections
    if connections != ours.table.connections and claim.measure != "cold start":
        yield f"Our run had {connections} connections."
    for app in claim.of:
        if app not in ours.contenders:
            yield f"No contender of {app} took part."
        elif ours.contenders[app].verdict is Verdict.INVALID:
            yield f"{ours.contenders[app].member.label} is INVALID here."
        elif ours.figure(claim.measure, app) is None:
            yield f"Of {ours.contenders[app].member.label} it was not measured."
    ratios = _ratios(claim, ours) if claim.shape in {"ratio", "order"} else []
    if any(ratio is None or ratio.estimate.low is None for ratio in ratios):
        yield "Our run is too short to claim an interval."


# What our run found ---------------------------------------------------------------------------------------------------


def _judged(claim: Claim, ours: Ours) -> Found:
    found = _JUDGES[claim.shape](claim, ours)
    return found if found.standing is Standing.OTHER_HOST else _unless_doubted(found, _doubts(claim, ours))


def _doubts(claim: Claim, ours: Ours) -> Iterator[str]:
    """Which of our numbers are compared, but not SERVER-BOUND: a verdict that says nothing of cold starts."""
    if claim.measure == "cold start":
        return
    for row in (ours.contenders[app] for app in claim.of):
        if row.verdict is not Verdict.SERVER_BOUND:
            yield f"{row.member.label} is {row.verdict} here."


def _judged_figure(claim: Claim, ours: Ours) -> Found:
    measured = ours.figure(claim.measure, claim.of[0])
    if measured is None or not ours.is_same_instance:
        host = ours.table.instance or ours.table.host
        return Found(Standing.OTHER_HOST, f"An absolute figure is one machine's, and this is no {host}.")
    times = measured.value / ours.table.figure(claim.measure, claim.of[0])
    standing = Standing.REPRODUCED if abs(times - 1) <= NEAR else Standing.NOT_REPRODUCED
    return Found(standing, f"Ours is {times:.3g} times theirs, on the same instance type.")


def _judged_ratio(claim: Claim, ours: Ours) -> Found:
    stated = ours.table.stated(claim)
    ratios = [ratio for ratio in _ratios(claim, ours) if ratio]
    if stated and all(_overlaps(stated, ratio.estimate) for ratio in ratios):
        return Found(Standing.REPRODUCED, "It lies in our interval, widened by 10 %.")
    expected = bool(stated and stated[0] > 1)
    above = [ratio.is_above for ratio in ratios]
    if (not expected) in above:
        return Found(Standing.NOT_REPRODUCED, "The order is another one here.")
    if None in above:
        return Found(Standing.UNDECIDED, "The order cannot be told here.")
    return Found(Standing.ORDER_ONLY, "The order is the same, the distance another.")


def _judged_order(claim: Claim, ours: Ours) -> Found:
    found = ours.ratios(claim.measure)
    ahead = {pair: found[pair].is_above if pair in found else None for pair in pairwise(claim.of)}
    for is_above, standing, how in (
        (not claim.more_is_better, Standing.NOT_REPRODUCED, "is another one here"),
        (None, Standing.UNDECIDED, "cannot be told here"),
    ):
        pair = next((pair for pair, one in ahead.items() if one is is_above), None)
        if pair:
            return Found(
                standing, f"The order of {' and '.join(ours.contenders[app].member.label for app in pair)} {how}."
            )
    return Found(Standing.REPRODUCED, "Each is certainly ahead of the next.")


_JUDGES: Mapping[str, Callable[[Claim, Ours], Found]] = {
    "figure": _judged_figure,
    "ratio": _judged_ratio,
    "order": _judged_order,
}


def _overlaps(stated: tuple[float, float], ours: Estimate) -> bool:
    """Whether a range meets our interval, widened on both sides."""
    if ours.low is None or ours.high is None:
        return False
    return stated[1] >= ours.low * (1 - WIDENED) and stated[0] <= ours.high * (1 + WIDENED)


def _is_within(range_: tuple[float, float], value: float) -> bool:
    """Whether a value lies in a range, widened on both sides."""
    return range_[0] * (1 - WIDENED) <= value <= range_[1] * (1 + WIDENED)
