"""What the journals of a turn's connections say: the estimator of METHOD.md 1, and Little's law. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness import histogram
from harness.model import Histogram

_NS = 1e-9
Nanoseconds = NDArray[np.int64]


def _times() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Journal:
    """When one connection's requests started and ended, in nanoseconds of one clock.

    A request under way has a start and no end yet; one that got no correct answer moves to the `failed` pair.
    """

    starts: array[int] = field(default_factory=_times)
    ends: array[int] = field(default_factory=_times)
    failed_starts: array[int] = field(default_factory=_times)
    failed_ends: array[int] = field(default_factory=_times)

    @property
    def under_way_since(self) -> int | None:
        """When the request under way was started."""
        return self.starts[-1] if len(self.starts) > len(self.ends) else None

    def fail(self, now: int) -> None:
        """Move the request under way to the failed ones."""
        self.failed_starts.append(self.starts.pop())
        self.failed_ends.append(now)


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a Recording that follows from the journals.

    `all_ns` are the latencies of all correct answers, `samples_ns` those that `latency` holds.
    """

    counted: int
    counted_s: float
    latency: Histogram
    busy: float | None
    all_ns: Nanoseconds
    samples_ns: Nanoseconds


def facts(journals: Sequence[Journal], connections: int, stop_ns: int) -> Facts:
    """Throughput from the completion that ends the first turnover to the last one before `stop_ns` (METHOD.md 1).

    Latencies are those of the requests started in that time, however long after the stop they ended. Without a
    completion beyond the first turnover nothing is counted.
    """
    starts = _joined([journal.starts for journal in journals])
    ends = _joined([journal.ends for journal in journals])
    completions = np.sort(ends[ends <= stop_ns])
    counted = max(0, completions.size - connections)
    from_ns, to_ns = (completions[connections - 1], completions[-1]) if counted else (stop_ns, stop_ns)
    samples_ns = (ends - starts)[starts > from_ns]
    return Facts(
        counted=counted,
        counted_s=float(to_ns - from_ns) * _NS,
        latency=histogram.of(samples_ns * _NS),
        busy=busy(journals, connections),
        all_ns=ends - starts,
        samples_ns=samples_ns,
    )


def busy(journals: Sequence[Journal], connections: int) -> float | None:
    """The mean share of its time that a planned connection had a request under way, over whole cycles.

    A cycle runs from one start to the next, so think time between requests shows and the edges of the turn do not. A
    connection that made no request counts as idle; one that made a single request had no whole cycle. None: nobody had.
    """
    shares = [_busy_share(journal) for journal in journals]
    shares += [0.0] * (connections - len(journals))
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _busy_share(journal: Journal) -> float | None:
    starts = _joined([journal.starts, journal.failed_starts])
    if starts.size == 0:
        return 0.0
    if starts.size == 1:
        return None
    ends = _joined([journal.ends, journal.failed_ends])
    order = np.argsort(starts)
    under_way = (ends - starts)[order][:-1].sum()
    return float(under_way / (starts.max() - starts.min()))


def _joined(times: Sequence[array[int]]) -> Nanoseconds:
    parts = [np.frombuffer(part, dtype=np.int64) for part in times if part]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
