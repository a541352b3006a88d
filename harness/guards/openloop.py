"""Reasons to doubt latencies in open loop: wrong answers, a rate that was not kept, a generator that sent late."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from harness import histogram
from harness.guards.evidence import Evidence, Finding, percent
from harness.model import Recording, Verdict

IN_TIME = 0.98  # of the requests that were due (calibrate)
LAG = 0.1  # of the latency's p99 (calibrate)

_NO_WINDOW = Finding("It had no window of open loop.", checked=False)


def answers(seen: Evidence) -> Finding:
    """Any wrong or missing answer, or any window that failed."""
    if not seen.windows:
        return _NO_WINDOW
    wrong = sum(sum(turn.recording.errors.values()) for turn in seen.windows if turn.recording)
    failed = sum(turn.failure is not None for turn in seen.windows)
    said = f"{wrong:,} wrong answers, {failed} of {len(seen.windows)} windows failed."
    return Finding(said, Verdict.INVALID if wrong or failed else None)


def rate(seen: Evidence) -> Finding:
    """The share of requests answered by the end of their window, at the rate that was kept worst.

    Of those that were due so long before it as half of the requests take; the last ones cannot be answered by then,
    however exactly the rate was kept.
    """
    kept = {share: _kept(windows) for share, windows in by_share(seen).items()}
    if not kept:
        return _NO_WINDOW
    share = min(kept, key=kept.__getitem__)
    said = f"Of what could be answered in time {percent(kept[share], 1)} were, at {percent(share)} of capacity "
    said += f"(limit {percent(IN_TIME)})."
    return Finding(said, Verdict.INVALID if kept[share] < IN_TIME else None)


def lag(seen: Evidence) -> Finding:
    """How late the generator itself sent, beside the latency that it is part of; at the rate where it was worst."""
    if seen.member.role == "null":
        return Finding("It is the floor of the measurement: its latency is the generator's own.")
    found = {share: _lag_and_latency_s(windows) for share, windows in by_share(seen).items()}
    if not found:
        return _NO_WINDOW
    share = max(found, key=lambda one: found[one][0] / found[one][1])
    late_s, latency_s = found[share]
    said = f"99 of 100 requests were sent within {1e6 * late_s:,.0f} µs of being due, at {percent(share)} of capacity"
    evidence = f"{said}; p99 {1e6 * latency_s:,.0f} µs (limit {percent(LAG)} of it)."
    return Finding(evidence, Verdict.CLIENT_BOUND if late_s > LAG * latency_s else None)


def by_share(seen: Evidence) -> Mapping[float, tuple[Recording, ...]]:
    """The windows that say something, by their share of capacity."""
    found: dict[float, tuple[Recording, ...]] = {}
    for turn in seen.windows:
        if (
            turn.recording
            and turn.recording.paced
            and turn.recording.latency.counts
            and turn.recording.paced.lag.counts
        ):
            share = turn.recording.paced.share
            found[share] = (*found.get(share, ()), turn.recording)
    return dict(sorted(found.items()))


def in_time(windows: tuple[Recording, ...]) -> float:
    """The share of the requests due that were answered by the end of their window."""
    paced = [window.paced for window in windows if window.paced]
    return sum(one.in_time for one in paced) / sum(one.due for one in paced)


def _kept(windows: tuple[Recording, ...]) -> float:
    half_s = histogram.quantiles(histogram.merged(window.latency for window in windows), [0.5])[0]
    could_be = 1 - half_s / fmean(window.duration_s for window in windows)
    return min(1.0, in_time(windows) / could_be) if could_be > 0 else 0.0


def _lag_and_latency_s(windows: tuple[Recording, ...]) -> tuple[float, float]:
    lags = histogram.merged(window.paced.lag for window in windows if window.paced)
    latency = histogram.merged(window.latency for window in windows)
    return histogram.quantiles(lags, [0.99])[0], histogram.quantiles(latency, [0.99])[0]
