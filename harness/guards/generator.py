"""Reasons to doubt that the load was what it should have been, or that it was the server which set the pace.

A slice now and then may go wrong: the trimmed mean of a block shrugs off one of eight at either end. So a guard that
looks at slices speaks when more than a tenth of them fail it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from harness import histogram
from harness.guards.evidence import Evidence, Finding, percent
from harness.model import Recording, Verdict
from harness.stats.slices import log_ratios

BAD_SLICES = 0.1  # of all slices (calibrate)
CEILING = 0.7  # of null's throughput (calibrate)
GENERATOR_CPU = 0.85  # of one CPU (calibrate)
IN_STEP = 0.1  # of a turnover (calibrate)
IN_STEP_S = 0.001
LITTLE = 0.03  # either side of 1 (calibrate)
OWN_TIME = 0.95  # of one CPU, while it spins (calibrate)
RECONNECTS = 0.001  # per request (calibrate)
ROOM = 2  # turnovers: a turn is planned for four, and two are counted rightly (tests/test_engine_facts.py)

_NO_SLICE = Finding("No slice of it was measured.", checked=False)


def ceiling(seen: Evidence) -> Finding:
    """Throughput over that of `null` in the same rounds, geometric mean over blocks: near 1, the generator limits."""
    if seen.member.role == "null":
        said = "It does the least possible: its number is the generator's limit, not a server's"
        return Finding(f"{said}, and is never ranked.", Verdict.CLIENT_BOUND)
    shares = log_ratios(seen.throughputs, seen.null)
    if not shares:
        return Finding("No slice stands beside one of null.", checked=False)
    share = math.exp(math.fsum(shares.values()) / len(shares))
    said = f"It reached {percent(share)} of null's throughput (limit {percent(CEILING)}) over {len(shares)} blocks"
    asked = "." if seen.scenario.is_plain else "; null was asked a plain request, which costs the generator less."
    return Finding(f"{said}{asked}", Verdict.CLIENT_BOUND if share > CEILING else None)


def generator_cpu(seen: Evidence) -> Finding:
    """The generator's CPU time less its empty polls, over the duration of each slice. For `null` it should be high.

    Of several generators the busiest counts: the connections of that one are what it limits.
    """
    if not seen.slices:
        return _NO_SLICE
    shares = sorted(max(map(_useful_share, _generators(slice_))) for slice_ in seen.slices)
    busy = sum(share > GENERATOR_CPU for share in shares)
    said = f"In {_of(busy, shares)} {_which(seen, 'busiest')} used over {percent(GENERATOR_CPU)} of its CPU"
    median = percent(_middle(shares))
    return Finding(f"{said}; median {median}.", Verdict.CLIENT_BOUND if _too_many(busy, shares) else None)


def little(seen: Evidence) -> Finding:
    """Little's law: throughput times mean latency is the number of connections, if all of them are always busy.

    Throughput is counted in a window, latency over the requests started in it. Where the two disagree, requests of the
    first turnovers were unlike those of the window: the slices are too short for this server. Over all slices together.
    J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 9 (1961).
    """
    latency = histogram.merged(slice_.latency for slice_ in seen.slices)
    counted_s = math.fsum(slice_.counted_s for slice_ in seen.slices)
    if not latency.counts or not counted_s:
        return _NO_SLICE
    per_s = math.fsum(slice_.counted for slice_ in seen.slices) / counted_s
    share = per_s * latency.sum_s / sum(latency.counts) / seen.planned_connections
    said = f"Throughput x mean latency / connections is {share:.3f}, over all slices (limit 1 ± {LITTLE})."
    return Finding(said, Verdict.UNSETTLED if abs(share - 1) > LITTLE else None)


def think_time(seen: Evidence) -> Finding:
    """The mean share of its time that a planned connection had a request under way: 1 without any think time."""
    shares = sorted(slice_.busy for slice_ in seen.slices if slice_.busy is not None)
    if not shares:
        return _NO_SLICE
    idle = sum(share < 1 - LITTLE for share in shares)
    said = f"In {_of(idle, shares)} connections were busy for less than {percent(1 - LITTLE)} of the time"
    return Finding(
        f"{said}; median {percent(_middle(shares), 1)}.", Verdict.INVALID if _too_many(idle, shares) else None
    )


def room(seen: Evidence) -> Finding:
    """A slice that is too short for the server: few turnovers, or requests that take as long as the slice."""
    count = len(seen.slices) + seen.silent
    if not count:
        return _NO_SLICE
    tight = seen.silent + sum(
        _served(slice_, seen) < ROOM * seen.planned_connections or _outlasts(slice_) for slice_ in seen.slices
    )
    longest_s = max((slice_.longest_s or 0.0 for slice_ in seen.slices), default=None)
    said = f"{tight} of {count} slices had no room for {ROOM} turnovers or for the longest request"
    if seen.silent:
        said += f" ({seen.silent} counted nothing and are in no number, which so lacks the slowest)"
    longest = "none was counted" if longest_s is None else f"the longest of all took {1000 * longest_s:.0f} ms"
    evidence = f"{said}; {longest}."
    if tight <= BAD_SLICES * count:
        return Finding(evidence)
    return Finding(f"{evidence} Measure with fewer --connections.", Verdict.UNSETTLED)


def _served(slice_: Recording, seen: Evidence) -> float:
    """How many were counted, without those who were turned away."""
    return (slice_.served_per_s(seen.scenario.refusals) or 0.0) * slice_.counted_s


def _outlasts(slice_: Recording) -> bool:
    """A lead is no room: nothing is counted in it."""
    return slice_.longest_s is not None and slice_.longest_s > slice_.duration_s - slice_.lead_s


def own_time(seen: Evidence) -> Finding:
    """While it spins, the generator uses all of its CPU: what it did not get, somebody else took.

    Of several generators the one counts that got least.
    """
    if not seen.spins:
        return Finding("The generator sleeps while it waits: what was taken from it does not show.", checked=False)
    if not seen.slices:
        return _NO_SLICE
    shares = sorted(min(one.cpu_s / one.duration_s for one in _generators(slice_)) for slice_ in seen.slices)
    robbed = sum(share < OWN_TIME for share in shares)
    said = (
        f"In {_of(robbed, shares)} {_which(seen, 'most robbed', 'spinning ')} got under {percent(OWN_TIME)} of its CPU"
    )
    return Finding(
        f"{said}; median {percent(_middle(shares), 1)}.", Verdict.UNSETTLED if _too_many(robbed, shares) else None
    )


def in_step(seen: Evidence) -> Finding:
    """How long after the first generator the last one began, as far as their clocks are known.

    The first turnover is not counted, so little hangs on a small part of it. No slice is asked for more than a
    millisecond.
    """
    slices = [slice_ for slice_ in seen.slices if slice_.generators]
    if not slices:
        return _NO_SLICE
    apart = sorted(_apart_s(slice_) for slice_ in slices)
    late = sum(_apart_s(slice_) > _leeway_s(slice_, seen.planned_connections) for slice_ in slices)
    said = f"In {_of(late, apart)} the last of {_count(seen)} generators began over a tenth of a turnover late"
    evidence = f"{said}, and over {1000 * IN_STEP_S:.0f} ms; median {1000 * _middle(apart):.2f} ms."
    return Finding(evidence, Verdict.UNSETTLED if _too_many(late, apart) else None)


def ordering(seen: Evidence) -> Finding:
    """Impossible or absurd latencies: min <= p50 <= p99 <= max, min <= mean <= p99, over all slices."""
    latency = histogram.merged(slice_.latency for slice_ in seen.slices)
    if latency.min_s is None or latency.max_s is None:
        return Finding("No latency of it was measured.", checked=False)
    p50_s, p99_s = histogram.quantiles(latency, (0.5, 0.99))
    mean_s = latency.sum_s / sum(latency.counts)
    kept = latency.min_s <= p50_s <= p99_s <= latency.max_s and latency.min_s <= mean_s <= p99_s
    numbers = (latency.min_s, p50_s, mean_s, p99_s, latency.max_s)
    said = "min {:.3g}, p50 {:.3g}, mean {:.3g}, p99 {:.3g}, max {:.3g} ms".format(*(1000 * one for one in numbers))
    return Finding(f"Latencies are {'' if kept else 'not '}in order: {said}.", None if kept else Verdict.INVALID)


def connections(seen: Evidence) -> Finding:
    """As many open connections as planned, unless the server closes each after one answer by its declared policy."""
    if seen.member.connections == "closed":
        return Finding("Its server closes every connection after one answer, as declared.")
    if not seen.slices:
        return _NO_SLICE
    off = sum(slice_.connections != seen.planned_connections for slice_ in seen.slices)
    fewest = min(slice_.connections for slice_ in seen.slices)
    said = f"In {_of(off, seen.slices)} other than {seen.planned_connections} connections were open; fewest {fewest}."
    return Finding(said, Verdict.UNSETTLED if _too_many(off, seen.slices) else None)


def reconnects(seen: Evidence) -> Finding:
    """A server that should keep connections makes its clients connect again: its requests pay for that.

    Once in a turn each connection may: after a rest, in the turnovers that are not counted.
    """
    answered = sum(slice_.answered for slice_ in seen.slices)
    if not answered:
        return _NO_SLICE
    again = sum(max(0, slice_.reconnects - seen.planned_connections) for slice_ in seen.slices)
    said = f"{again:,} connections were made again, but for those after a rest, over {answered:,} requests"
    if seen.member.connections == "closed":
        return Finding(f"{said}, as declared.")
    unsettled = again / answered > RECONNECTS
    return Finding(f"{said} (limit {percent(RECONNECTS, 1)}).", Verdict.UNSETTLED if unsettled else None)


class _Used(NamedTuple):
    """What one generator used in a slice."""

    cpu_s: float
    empty_s: float
    duration_s: float


def _generators(seen: Recording) -> list[_Used]:
    """Every generator; the only one, where no parts are told."""
    parts = [_Used(one.cpu_s, one.empty_s, one.duration_s) for one in seen.generators]
    return parts or [_Used(seen.generator_cpu_s, seen.generator_empty_s, seen.duration_s)]


def _useful_share(used: _Used) -> float:
    return (used.cpu_s - used.empty_s) / used.duration_s


def _count(seen: Evidence) -> int:
    return max(len(_generators(slice_)) for slice_ in seen.slices)


def _which(seen: Evidence, kind: str, policy: str = "") -> str:
    count = _count(seen)
    return f"the {kind} of {count} {policy}generators" if count > 1 else f"the {policy}generator"


def _apart_s(seen: Recording) -> float:
    return max(one.late_s for one in seen.generators) + 2 * max(one.clock_error_s for one in seen.generators)


def _leeway_s(seen: Recording, connections: int) -> float:
    turnover_s = connections * seen.counted_s / seen.counted
    return max(IN_STEP_S, IN_STEP * turnover_s)


def _too_many(count: int, slices: list[float] | tuple[Recording, ...]) -> bool:
    return count > BAD_SLICES * len(slices)


def _of(count: int, slices: list[float] | tuple[Recording, ...]) -> str:
    return f"{count} of {len(slices)} slices"


def _middle(ordered: list[float]) -> float:
    return ordered[len(ordered) // 2]
