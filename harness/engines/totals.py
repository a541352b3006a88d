"""Folds finished requests into Locust's own statistics, so that its console and web page stay right.

No Locust event is fired per request: that alone would cost more than the request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from locust.stats import RequestStats, StatsEntry, StatsError

from harness.engines.facts import Nanoseconds
from harness.model import ErrorCause

_NS_PER_MS = 1e6


def fold(
    stats: RequestStats, name: str, method: str, latencies_ns: Nanoseconds, errors: Mapping[ErrorCause, int]
) -> None:
    """Add requests that ended since the last fold: they count for the current second."""
    failures = sum(errors.values())
    if latencies_ns.size == 0 and failures == 0:
        return
    for entry in (stats.total, stats.get(name, method)):
        entry.extend(_entry(stats, name, method, latencies_ns, failures))
    for cause, count in errors.items():
        key = StatsError.create_key(method, name, cause.value)
        stats.errors.setdefault(key, StatsError(method, name, cause.value)).occurrences += count


def _entry(stats: RequestStats, name: str, method: str, latencies_ns: Nanoseconds, failures: int) -> StatsEntry:
    """Failed requests have no response time, which is what Locust's `num_none_requests` are."""
    entry = StatsEntry(stats, name, method)
    now = time.time()
    entry.last_request_timestamp = now
    entry.num_requests = latencies_ns.size + failures
    entry.num_none_requests = entry.num_failures = failures
    entry.num_reqs_per_sec[int(now)] = entry.num_requests
    entry.num_fail_per_sec[int(now)] = failures
    if latencies_ns.size:
        milliseconds = latencies_ns / _NS_PER_MS
        entry.total_response_time = float(milliseconds.sum())  # type: ignore[assignment]  # Locust itself adds floats
        entry.min_response_time = float(milliseconds.min())  # type: ignore[assignment]  # likewise
        entry.max_response_time = float(milliseconds.max())  # type: ignore[assignment]  # likewise
        rounded, counts = np.unique(_rounded(milliseconds), return_counts=True)
        entry.response_times.update(zip(rounded.tolist(), counts.tolist(), strict=True))
    return entry


def _rounded(milliseconds: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.int64]:
    """To whole milliseconds below 100, to two digits above, as Locust's `bucket_response_time` does."""
    digits = np.floor(np.log10(np.maximum(milliseconds, 1)))
    step = 10 ** np.maximum(digits - 1, 0)
    return np.asarray(np.rint(milliseconds / step) * step, dtype=np.int64)
