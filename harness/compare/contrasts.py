"""Decides what may be said of each pair of two runs, or of one run.

Within one run contenders are paired block by block. Two runs are two occasions whose blocks share nothing: there a
call has to be the same for the ratio as it stands and for the ratio over `control`'s, which shows the machine's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from harness.compare.conditions import Differences, differences, same_app
from harness.compare.pairs import Pair
from harness.model import Call, Comparison, Estimate, ResultSet, Row, RunHead, Summary, Value, Verdict
from harness.stats import calls, unpaired
from harness.stats.slices import Throughputs, log_levels, log_ratios, throughputs
from harness.stats.unpaired import Samples

_CONTROL = "control"
_REFUSED = frozenset({Verdict.INVALID})
_DOUBTFUL = frozenset({Verdict.CLIENT_BOUND, Verdict.UNSETTLED})


class Side(NamedTuple):
    """A run, and what follows from it."""

    result_set: ResultSet
    summary: Summary

    @property
    def head(self) -> RunHead:
        return self.result_set.head

    def row(self, label: str) -> Row:
        return next(row for row in self.summary.rows if row.member.label == label)

    @property
    def control(self) -> Row | None:
        return next((row for row in self.summary.rows if row.member.role == _CONTROL), None)


class Part(Value):
    """One side of a pair. The latency is closed loop, the cold start the median."""

    label: str
    verdict: Verdict
    requests_per_s: Estimate | None
    p99_s: float | None
    ready_s: Estimate | None


class Compared(Value):
    """The second's throughput over the first's, as it stands and over control's, and the call with its reason.

    `call` is None where none is asked for (yardsticks) or none allowed (INVALID). `over_control` is None within one
    run, where it would say the same again. `ready_ratio`, of the medians of the cold start, has no call.
    """

    first: Part
    second: Part
    is_yardstick: bool
    ratio: Comparison | None
    over_control: Comparison | None
    ready_ratio: float | None
    call: Call | None
    because: str


class Contrast(Value):
    """Pairs of two runs (their names), or of one run (`paired`)."""

    first: str
    second: str
    paired: bool
    differences: Differences
    pairs: tuple[Compared, ...]


class _Ratios(NamedTuple):
    as_it_stands: Comparison | None = None
    over_control: Comparison | None = None


_Said = tuple[Call | None, str]


def contrast(first: Side, second: Side, compared: Sequence[Pair]) -> Contrast:
    """What may be said of these pairs of two runs, or of one run given twice."""
    paired = first.head == second.head
    ratios = _within(first, compared) if paired else _between(first, second, compared)
    judge = _judge_within if paired else partial(_judge_between, tuple(_doubts_of_control(first, second)))
    return Contrast(
        first=first.head.name,
        second=second.head.name,
        paired=paired,
        differences=differences(first.head, second.head, compared),
        pairs=tuple(
            _compared(first.row(pair[0]), second.row(pair[1]), ratios.get(pair, _Ratios()), judge) for pair in compared
        ),
    )


def _within(side: Side, compared: Sequence[Pair]) -> Mapping[Pair, _Ratios]:
    """Paired slice by slice, as in the run's own table."""
    measured = throughputs(side.result_set)
    logs = {pair: _logs(measured, pair[1], pair[0]) for pair in _valid(side, side, compared)}
    return {
        pair: _Ratios(calls.comparisons(pair[0], {pair[1]: found})[pair[1]]) for pair, found in logs.items() if found
    }


def _between(first: Side, second: Side, compared: Sequence[Pair]) -> Mapping[Pair, _Ratios]:
    """The contenders as one family; the yardsticks, of which nothing is said, add nothing to it."""
    valid = _valid(first, second, compared)
    yardsticks = [pair for pair in valid if first.row(pair[0]).member.is_yardstick]
    contenders = [pair for pair in valid if pair not in yardsticks]
    return {**_family(first, second, contenders), **_family(first, second, yardsticks)}


def _valid(first: Side, second: Side, compared: Sequence[Pair]) -> list[Pair]:
    """Nothing is compared with an INVALID number."""
    return [
        pair for pair in compared if Verdict.INVALID not in {first.row(pair[0]).verdict, second.row(pair[1]).verdict}
    ]


def _family(first: Side, second: Side, compared: Sequence[Pair]) -> Mapping[Pair, _Ratios]:
    ours, theirs = throughputs(first.result_set), throughputs(second.result_set)
    levels = {(one, other): Samples(_levels(theirs[other]), _levels(ours[one])) for one, other in compared}
    over_control = {}
    if first.control and second.control and same_app(first.head, second.head, _CONTROL):
        before, after = first.control.member.label, second.control.member.label
        over_control = {
            (one, other): Samples(_logs(theirs, other, after), _logs(ours, one, before))
            for one, other in compared
            if (one, other) != (before, after)
        }
    found = _comparisons(over_control)
    return {pair: _Ratios(one, found.get(pair)) for pair, one in _comparisons(levels).items()}


def _comparisons(family: Mapping[Pair, Samples]) -> Mapping[Pair, Comparison]:
    measured = {pair: samples for pair, samples in family.items() if all(samples)}
    return unpaired.comparisons(measured, {pair: pair[0] for pair in measured})


def _levels(measured: Throughputs) -> tuple[float, ...]:
    return tuple(log_levels(measured).values())


def _logs(measured: Mapping[str, Throughputs], label: str, reference: str) -> tuple[float, ...]:
    return tuple(log_ratios(measured[label], measured[reference]).values())


def _compared(first: Row, second: Row, ratios: _Ratios, judge: Callable[[_Ratios], _Said]) -> Compared:
    call, because = _said(first, second, ratios, judge)
    return Compared(
        first=_part(first),
        second=_part(second),
        is_yardstick=first.member.is_yardstick or second.member.is_yardstick,
        ratio=ratios.as_it_stands,
        over_control=ratios.over_control,
        ready_ratio=second.ready_s.value / first.ready_s.value if first.ready_s and second.ready_s else None,
        call=call,
        because=because,
    )


def _part(row: Row) -> Part:
    return Part(
        label=row.member.label,
        verdict=row.verdict,
        requests_per_s=row.requests_per_s,
        p99_s=row.latency.p99_s if row.latency else None,
        ready_s=row.ready_s,
    )


def _said(first: Row, second: Row, ratios: _Ratios, judge: Callable[[_Ratios], _Said]) -> _Said:
    """The call and its reason; the first that applies."""
    if first.member.is_yardstick or second.member.is_yardstick:
        return None, "A yardstick: it shows how far the machine differed, and is not judged."
    if invalid := _sides_that_are(first, second, _REFUSED):
        return None, f"Not compared: it is {invalid}."
    if doubted := _sides_that_are(first, second, _DOUBTFUL):
        return Call.UNDECIDED, f"It is {doubted}."
    if ratios.as_it_stands is None:
        return Call.UNDECIDED, "No throughput was measured."
    if ratios.as_it_stands.ratio.low is None:
        return Call.UNDECIDED, "There are too few blocks to claim an interval."
    return judge(ratios)


def _judge_within(ratios: _Ratios) -> _Said:
    call = ratios.as_it_stands.call if ratios.as_it_stands else Call.UNDECIDED
    return call, "Both were measured in the same blocks."


def _judge_between(doubts: Sequence[str], ratios: _Ratios) -> _Said:
    """Of two occasions something is said only where the machine's state cannot have made the difference."""
    if doubts:
        return Call.UNDECIDED, " ".join(doubts)
    if ratios.as_it_stands is None or ratios.over_control is None:
        return Call.UNDECIDED, "It was not measured beside control."
    as_it_stands, over_control = ratios.as_it_stands.call, ratios.over_control.call
    if as_it_stands is over_control:
        return as_it_stands, "As it stands and over control's alike."
    return Call.UNDECIDED, f"As it stands it is {as_it_stands}, over control's {over_control}."


def _doubts_of_control(first: Side, second: Side) -> Iterator[str]:
    """Why control cannot tell a contender from the machine, if it cannot."""
    if first.control is None or second.control is None:
        yield "control did not take part in both runs, so nothing tells a contender from the machine."
        return
    if not same_app(first.head, second.head, _CONTROL):
        yield "control is not the same app in both runs, so nothing tells a contender from the machine."
    if doubted := _sides_that_are(first.control, second.control, _REFUSED | _DOUBTFUL):
        yield f"control is {doubted}, so nothing tells a contender from the machine."


def _sides_that_are(first: Row, second: Row, verdicts: frozenset[Verdict]) -> str:
    """As in "UNSETTLED in A and INVALID in B"; empty where neither is."""
    sides = (("A", first.verdict), ("B", second.verdict))
    return " and ".join(f"{verdict} in {side}" for side, verdict in sides if verdict in verdicts)
