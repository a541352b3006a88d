"""What the journals of a turn's connections say: the estimator of METHOD.md 1, and Little's law. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
from numpy.typing import NDArray

from harness import histogram
from harness.engines.orders import Window
from harness.model import Histogram

_NS = 1e-9
Nanoseconds = NDArray[np.int64]


def _times() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Journal:
    """When one connection's requests started and ended, in nanoseconds of one clock.

    A request under way has a start and no end yet; one that got no correct answer moves to the `failed` pair. `others`:
    the places among the ends of answers that were correct in another way than the first, by its name.
    """

    starts: array[int] = field(default_factory=_times)
    ends: array[int] = field(default_factory=_times)
    failed_starts: array[int] = field(default_factory=_times)
    failed_ends: array[int] = field(default_factory=_times)
    others: dict[str, list[int]] = field(default_factory=dict)

    @property
    def under_way_since(self) -> int | None:
        """When the request under way was started."""
        return self.starts[-1] if len(self.starts) > len(self.ends) else None

    def note(self, alternative: str) -> None:
        """The last answer was correct in this way."""
        self.others.setdefault(alternative, []).append(len(self.ends) - 1)

    def fail(self, now: int) -> None:
        """Move the request under way to the failed ones."""
        self.failed_starts.append(self.starts.pop())
        self.failed_ends.append(now)


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a Recording that follows from the journals.

    `all_ns` are the latencies of all correct answers, `samples_ns` those that `latency` holds.
    """

    counted: float
    counted_alternatives: Mapping[str, float]
    counted_s: float
    latency: Histogram
    longest_s: float | None
    busy: float | None
    all_ns: Nanoseconds
    samples_ns: Nanoseconds


def facts(journals: Sequence[Journal], connections: int, window: Window) -> Facts:
    """What was answered in a window of closed loop: see `merging.closed_window`.

    Each correct answer counts by the share of its time, from its start to its end in the drain, that lies in that
    window. Counting completions instead would go wrong with servers that answer in waves, by up to a quarter and always
    alike: a turn lasts a number of turnovers and so ends at the same phase of a wave. Latencies are of the requests
    started in the window.
    """
    starts = _joined([journal.starts for journal in journals])
    ends = _joined([journal.ends for journal in journals])
    shares = _shares(starts, ends, window)
    samples_ns = (ends - starts)[(starts >= window.from_ns) & (starts < window.stop_ns)]
    return Facts(
        counted=fsum(shares),
        counted_alternatives=_of_alternatives(journals, shares),
        counted_s=(window.stop_ns - window.from_ns) * _NS,
        latency=histogram.of(samples_ns * _NS),
        longest_s=float(max((ends - starts).max(initial=0), _failed_ns(journals).max(initial=0))) * _NS or None,
        busy=busy(journals, connections),
        all_ns=ends - starts,
        samples_ns=samples_ns,
    )


def paced_facts(journals: Sequence[Journal], window: Window) -> Facts:
    """Of a turn of open loop, whose journals' starts are the moments at which requests were due: all of them count."""
    starts = _joined([journal.starts for journal in journals])
    ends = _joined([journal.ends for journal in journals])
    latencies_ns = ends - starts
    return Facts(
        counted=float(ends.size),
        counted_alternatives=_of_alternatives(journals, np.ones(ends.size)),
        counted_s=(window.stop_ns - window.from_ns) * _NS,
        latency=histogram.of(latencies_ns * _NS),
        longest_s=float(max(latencies_ns.max(initial=0), _failed_ns(journals).max(initial=0))) * _NS or None,
        busy=None,
        all_ns=latencies_ns,
        samples_ns=latencies_ns,
    )


def first_ends(journals: Sequence[Journal], count: int, stop_ns: int) -> tuple[int, ...]:
    """The first so many completions before the stop, in order; fewer, if there were fewer."""
    ends = _joined([journal.ends for journal in journals])
    return tuple(np.sort(ends[ends < stop_ns])[:count].tolist())


def answered_by(journals: Sequence[Journal], moment_ns: int) -> int:
    """How many correct answers had come by then."""
    return int((_joined([journal.ends for journal in journals]) <= moment_ns).sum())


def _shares(starts: Nanoseconds, ends: Nanoseconds, window: Window) -> NDArray[np.float64]:
    """Of each answer the share of its time that lies in the window."""
    inside_ns = np.minimum(ends, window.stop_ns) - np.maximum(starts, window.from_ns)
    return np.asarray(np.maximum(inside_ns, 0) / np.maximum(ends - starts, 1))


def _of_alternatives(journals: Sequence[Journal], shares: NDArray[np.float64]) -> dict[str, float]:
    """The exact sum of the shares of each alternative's answers: where all answers were such, that of all."""
    names = sorted({name for journal in journals for name in journal.others})
    firsts = [0, *np.cumsum([len(journal.ends) for journal in journals]).tolist()]
    places = {
        name: [
            first + place
            for first, journal in zip(firsts, journals, strict=False)
            for place in journal.others.get(name, ())
        ]
        for name in names
    }
    return {name: fsum(shares[at]) for name, at in places.items()}


def _failed_ns(journals: Sequence[Journal]) -> Nanoseconds:
    """How long each request took that got no correct answer."""
    ends = _joined([journal.failed_ends for journal in journals])
    return ends - _joined([journal.failed_starts for journal in journals])


def busy(journals: Sequence[Journal], connections: int) -> float | None:
    """The mean share of its time that a planned connection had a request under way, over whole cycles.

    A cycle runs from one start to the next, so think time between requests shows and the edges of the turn do not. A
    connection that made no request counts as idle, one that made a single request as busy. None: nobody made any.
    """
    shares = [_busy_share(journal) for journal in journals]
    shares += [0.0] * (connections - len(journals))
    return sum(shares) / len(shares) if any(shares) else None


def _busy_share(journal: Journal) -> float:
    starts = _joined([journal.starts, journal.failed_starts])
    if starts.size <= 1:
        return float(starts.size)
    ends = _joined([journal.ends, journal.failed_ends])
    order = np.argsort(starts)
    under_way = (ends - starts)[order][:-1].sum()
    return float(under_way / (starts.max() - starts.min()))


def _joined(times: Sequence[array[int]]) -> Nanoseconds:
    parts = [np.frombuffer(part, dtype=np.int64) for part in times if part]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
