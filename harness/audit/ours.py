"""What our run has to set against a published table: its contenders' figures, ratios and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from math import exp, log
from typing import NamedTuple

from harness.audit.beside import contender_of
from harness.audit.published import Measure, PublishedTable
from harness.model import Call, Estimate, ResultSet, Row, StartVariant, Verdict
from harness.stats import calls, estimates
from harness.stats.slices import log_ratios, throughputs


class Ratio(NamedTuple):
    """A measured ratio. `is_above`: whether it is certainly above 1, or certainly below; None: that cannot be told."""

    estimate: Estimate
    is_above: bool | None


@dataclass(frozen=True)
class Ours:
    """A run as far as a published table speaks of it; each app stands for the published row of its name."""

    table: PublishedTable
    result_set: ResultSet
    rows: Sequence[Row]

    @cached_property
    def contenders(self) -> Mapping[str, Row]:
        """By app; one that took no part is not there."""
        found = {row.app: contender_of(row, self.rows) for row in self.table.rows}
        return {app: row for app, row in found.items() if row}

    @property
    def is_same_instance(self) -> bool:
        """Whether it ran on the instance type that the table speaks of, by what the firmware calls the machine."""
        product = self.result_set.head.fingerprint.identity.get("product")
        return product is not None and product == self.table.instance

    def figure(self, measure: Measure, app: str) -> Estimate | None:
        """An app's own figure: throughput, mean latency (closed loop), or median cold start."""
        row = self.contenders.get(app)
        if row is None:
            return None
        if measure == "latency":
            seen = row.latency
            return Estimate(value=seen.mean_s, low=None, high=None, n=seen.count) if seen else None
        return row.requests_per_s if measure == "throughput" else row.ready_s

    def ratios(self, measure: Measure) -> Mapping[tuple[str, str], Ratio]:
        """The first's over the second's, of every two apps whose numbers are not INVALID."""
        return self._cold_start if measure == "cold start" else self._throughput

    @cached_property
    def _throughput(self) -> Mapping[tuple[str, str], Ratio]:
        """Paired slice by slice, as in the run's own table; all pairs are one family."""
        measured = throughputs(self.result_set)
        pairs = {
            (one, other): tuple(log_ratios(measured[self._label(one)], measured[self._label(other)]).values())
            for one, other in permutations(self._valid, 2)
        }
        family = {pair: logs for pair, logs in pairs.items() if logs and pair[0] < pair[1]}
        called = calls.calls(family)
        above = {pair: _is_above(call) for pair, call in called.items()}
        above |= {(other, one): None if up is None else not up for (one, other), up in above.items()}
        return {pair: Ratio(estimates.geometric_mean(logs), above[pair]) for pair, logs in pairs.items() if logs}

    @cached_property
    def _cold_start(self) -> Mapping[tuple[str, str], Ratio]:
        """Starts of one index are neighbours in time, so they are paired; the median over them."""
        ready_s = {app: self._starts(app) for app in self._valid}
        pairs = {
            (one, other): [log(ready_s[one][at] / ready_s[other][at]) for at in ready_s[one] if at in ready_s[other]]
            for one, other in permutations(self._valid, 2)
        }
        return {pair: _ratio_of_starts(logs) for pair, logs in pairs.items() if logs}

    @property
    def _valid(self) -> list[str]:
        return [app for app, row in self.contenders.items() if row.verdict is not Verdict.INVALID]

    def _label(self, app: str) -> str:
        return self.contenders[app].member.label

    def _starts(self, app: str) -> Mapping[int, float]:
        """Those with a warm page cache; each variant counts its own from 0 on."""
        starts = [start for start in self.result_set.starts if start.variant is StartVariant.WARM]
        ours = (start for start in starts if start.contender == self._label(app))
        return {start.index: start.ready_s for start in ours if start.ready_s}


def _is_above(call: Call) -> bool | None:
    return {Call.FASTER: True, Call.SLOWER: False}.get(call)


def _ratio_of_starts(logs: Sequence[float]) -> Ratio:
    """With the median's 95 % interval; above or below 1 where its 99 % interval is."""
    middle, wide = estimates.median(logs), estimates.median(logs, 0.99)
    low, high = (None if end is None else exp(end) for end in (middle.low, middle.high))
    above = True if wide.low is not None and wide.low > 0 else None
    below = wide.high is not None and wide.high < 0
    return Ratio(Estimate(value=exp(middle.value), low=low, high=high, n=middle.n), False if below else above)
