"""Decides claims that take other scenarios than the table's: by runs of these, made in rotation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.audit.ours import Ours
from harness.audit.published import Claim
from harness.audit.standing import Apart, Found, Standing
from harness.model import Call, Comparison, Verdict
from harness.stats import unpaired
from harness.stats.slices import Throughputs, is_clean, throughputs

Others = Mapping[str, Ours]
"""Runs by scenario."""


def lacks(claim: Claim, others: Others) -> Iterator[str]:
    """What is missing to decide it."""
    missing = [name for name in claim.needs if name not in others]
    if missing:
        yield f"It takes another scenario ({' and '.join(missing)}), which this run did not measure."
        return
    (app,) = claim.of
    for name in claim.needs:
        row = others[name].contenders.get(app)
        if row is None:
            yield f"No contender of {app} took part in {name}."
        elif row.verdict is Verdict.INVALID:
            yield f"{row.member.label} is INVALID in {name}."
        elif row.requests_per_s is None:
            yield f"Of {row.member.label} nothing was measured in {name}."
    if claim.shape == "scenario ratio" and compared(claim, others) is None:
        yield "Our runs are too short to claim an interval."


def doubts(claim: Claim, others: Others) -> Iterator[str]:
    """Which of the numbers are not SERVER-BOUND."""
    for name in claim.needs:
        row = others[name].contenders[claim.of[0]]
        if row.verdict is not Verdict.SERVER_BOUND:
            yield f"{row.member.label} is {row.verdict} in {name}."


def compared(claim: Claim, others: Others) -> Comparison | None:
    """The app's throughput in the first scenario over that in the second; None where no interval can be claimed."""
    if not all(name in others and claim.of[0] in others[name].contenders for name in claim.needs):
        return None
    ours, theirs = (_throughputs(others[name], claim.of[0]) for name in claim.needs)
    found = unpaired.between_scenarios(ours, theirs, claim.needs[1])
    return found if found and found.ratio.low is not None else None


def apart(claim: Claim, others: Others) -> Mapping[str, Apart]:
    """By label, of each app of the table, how many answers had the status that the claim denies; its own app first."""
    if claim.never is None or not all(name in others for name in claim.needs):
        return {}
    ours = others[claim.needs[0]]
    apps = sorted(ours.contenders, key=lambda app: app != claim.of[0])
    return {ours.contenders[app].member.label: _apart(ours, app, claim.never) for app in apps}


def judged_ratio(claim: Claim, others: Others) -> Found:
    """Whether the app does as much in one scenario as in the other."""
    found = compared(claim, others)
    if found and found.call is Call.SAME:
        return Found(Standing.REPRODUCED, f"Throughput is the SAME, within 3 %, as in {claim.needs[1]}.")
    if found is None or found.call is Call.UNDECIDED:
        takes = "that takes a 99 % interval without 1"
        wide = f", and it is {found.low99:.3g} to {found.high99:.3g}" if found and found.low99 and found.high99 else ""
        return Found(Standing.UNDECIDED, f"Whether there is a difference cannot be told here: {takes}{wide}.")
    within = ", within the margin of 3 %" if found.within_margin else ""
    return Found(Standing.NOT_REPRODUCED, f"{claim.needs[0]} is {found.call} than {claim.needs[1]}{within}.")


def judged_answers(claim: Claim, others: Others) -> Found:
    """Whether no answer had the status that the claim denies; beside it, how the other apps did."""
    counted = apart(claim, others)
    label, *more = counted
    said = f"In whole slices of {claim.needs[0]} {label} answered {_said(counted[label])} requests with {claim.never}"
    beside = "".join(f"; {other} {_said(counted[other])}" for other in more)
    standing = Standing.NOT_REPRODUCED if counted[label].answers else Standing.REPRODUCED
    return Found(standing, f"{said}{beside}.")


def _said(one: Apart) -> str:
    return f"{one.answers:,} of {one.of:,}" if one.answers else f"none of {one.of:,}"


def _throughputs(ours: Ours, app: str) -> Throughputs:
    return throughputs(ours.result_set)[ours.contenders[app].member.label]


def _apart(ours: Ours, app: str, status: int) -> Apart:
    """In all clean slices, as the report of the run counts them: from their first answer on, without warm-ups."""
    load = ours.result_set.head.scenario.load
    names = {name for one in load for name, answer in one.alternatives.items() if answer.status == status}
    label = ours.contenders[app].member.label
    slices = (one for one in ours.result_set.turns if one.contender == label and one.round and is_clean(one))
    recordings = [one.recording for one in slices if one.recording]
    return Apart(
        answers=sum(one.alternatives.get(name, 0) for one in recordings for name in names),
        of=sum(one.answered for one in recordings),
    )
