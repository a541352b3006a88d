"""From what several generators saw of one turn to what happened: the common window, and sums. Pure.

Nothing is averaged that generators of different weight saw, and no percentile is ever merged: windows are common to
all, counts and histograms are added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from harness import histogram
from harness.engines.orders import Window
from harness.model import GeneratorPart, Paced, Recording

_K = TypeVar("_K")
_N = TypeVar("_N", int, float)
_NS = 1e-9


def closed_window(
    first_ends: Iterable[Sequence[int]], connections: int, stop_ns: int, *, lead_s: float = 0.0
) -> Window:
    """From the end of the second turnover of all connections to the stop: nothing, where the turn was shorter.

    So long after that, where the turn has a lead.

    The first turnover is slow (METHOD.md 1); the second one lets those born in it end. `first_ends`: of each generator
    the first completions before its own stop, at least two for each of all connections if it had as many. So the
    completion that ends the second turnover is among them, whoever saw it.
    """
    completions = sorted(end for end in chain.from_iterable(first_ends) if end < stop_ns)
    skipped = 2 * connections
    if len(completions) < skipped:
        return Window(stop_ns, stop_ns)
    return Window(min(completions[skipped - 1] + round(lead_s / _NS), stop_ns), stop_ns)


def merged(
    seen: Sequence[Recording], parts: Sequence[GeneratorPart], started_at: float, duration_s: float
) -> Recording:
    """One recording of all that several generators saw of a turn in the same window, each over its own connections."""
    first = seen[0]
    return Recording(
        contender=first.contender,
        round=first.round,
        started_at=started_at,
        duration_s=duration_s,
        lead_s=first.lead_s,
        answered=sum(one.answered for one in seen),
        counted=sum(one.counted for one in seen),
        counted_s=first.counted_s,
        errors=_summed(one.errors for one in seen),
        first_error=next((one.first_error for one in seen if one.first_error), None),
        latency=histogram.merged(one.latency for one in seen),
        longest_s=max((one.longest_s for one in seen if one.longest_s is not None), default=None),
        busy=_busy(seen, parts),
        connections=sum(one.connections for one in seen),
        reconnects=sum(one.reconnects for one in seen),
        asked_again=sum(one.asked_again for one in seen),
        generator_cpu_s=sum(one.generator_cpu_s for one in seen),
        generator_empty_s=sum(one.generator_empty_s for one in seen),
        drain_s=max(one.drain_s for one in seen),
        paced=_paced([one.paced for one in seen if one.paced]),
        alternatives=_summed(one.alternatives for one in seen),
        counted_alternatives=_summed(one.counted_alternatives for one in seen),
        by_request=_summed(one.by_request for one in seen),
        ran_out=next((one.ran_out for one in seen if one.ran_out), None),
        generators=tuple(parts),
    )


def _busy(seen: Sequence[Recording], parts: Sequence[GeneratorPart]) -> float | None:
    """The mean over all connections. None: nobody asked anything; a generator that did not had idle ones."""
    if all(one.busy is None for one in seen):
        return None
    busy = sum((one.busy or 0.0) * part.connections for one, part in zip(seen, parts, strict=True))
    return busy / sum(part.connections for part in parts)


def _paced(seen: Sequence[Paced]) -> Paced | None:
    if not seen:
        return None
    return Paced(
        share=seen[0].share,
        rate_per_s=seen[0].rate_per_s,
        due=sum(one.due for one in seen),
        in_time=sum(one.in_time for one in seen),
        queued=sum(one.queued for one in seen),
        lag=histogram.merged(one.lag for one in seen),
    )


def _summed(counts: Iterable[Mapping[_K, _N]]) -> dict[_K, _N]:
    found: defaultdict[_K, Any] = defaultdict(int)
    for each in counts:
        for name, count in each.items():
            found[name] += count
    return dict(sorted(found.items(), key=lambda item: str(item[0])))
