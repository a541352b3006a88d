"""What is said of a contender beside its slices: by duets, under the other wait policy, in open loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness import histogram
from harness.guards.duet import differences
from harness.guards.evidence import Evidence
from harness.guards.openloop import by_share, in_time
from harness.model import About, Doubt, Duet, Estimate, Histogram, Latencies, OpenLoop, Recording, ResultSet
from harness.stats import calls, estimates
from harness.stats import duets as by_duet
from harness.stats.slices import log_ratios, throughputs

_SHARES = (0.5, 0.9, 0.99, 0.999)


def duets(reference: str, seen: Mapping[str, Evidence], doubts: Sequence[Doubt]) -> Mapping[str, Duet]:
    """Of every contender that had a clean duet with the reference, all as one family."""
    logs = {label: tuple(by_duet.log_ratios(one.duets).values()) for label, one in seen.items()}
    compared = calls.comparisons(reference, {label: one for label, one in logs.items() if one})
    return {
        label: Duet(
            comparison=comparison,
            slices_over_duet=_slices_over_duet(seen[label]),
            kept=_is_kept(doubts, label, "duet"),
        )
        for label, comparison in compared.items()
    }


def other_wait(result_set: ResultSet) -> Mapping[str, Estimate]:
    """Ratios of throughput to the reference from blocks in which the generator waited the other way."""
    found = throughputs(result_set, "other wait")
    reference = result_set.head.plan.reference
    logs = {label: tuple(log_ratios(ours, found[reference]).values()) for label, ours in found.items()}
    return {label: estimates.geometric_mean(one) for label, one in logs.items() if one and label != reference}


def open_loop(seen: Evidence, doubts: Sequence[Doubt]) -> tuple[OpenLoop, ...]:
    """Latency at each rate, from the lowest to the highest."""
    kept = _is_kept(doubts, seen.member.label, "open loop")
    found = (_at_rate(share, windows, kept=kept) for share, windows in by_share(seen).items())
    return tuple(one for one in found if one)


def latencies(histograms: Sequence[Histogram], longest_s: float) -> Latencies | None:
    """Quantiles of several histograms together; None where they are empty. `longest_s` may exceed what they hold."""
    merged = histogram.merged(histograms)
    if merged.min_s is None or merged.max_s is None:
        return None
    p50_s, p90_s, p99_s, p999_s = histogram.quantiles(merged, _SHARES)
    count = sum(merged.counts)
    return Latencies(
        count=count,
        mean_s=merged.sum_s / count,
        min_s=merged.min_s,
        p50_s=p50_s,
        p90_s=p90_s,
        p99_s=p99_s,
        p999_s=p999_s,
        max_s=max(longest_s, merged.max_s),
    )


def _slices_over_duet(seen: Evidence) -> Estimate | None:
    logs = tuple(differences(seen).values())
    return estimates.geometric_mean(logs) if logs else None


def _at_rate(share: float, windows: tuple[Recording, ...], *, kept: bool) -> OpenLoop | None:
    paced = [window.paced for window in windows if window.paced]
    found = latencies([window.latency for window in windows], max(window.longest_s or 0.0 for window in windows))
    if found is None:
        return None
    return OpenLoop(
        share=share,
        rate_per_s=paced[0].rate_per_s,
        windows=len(windows),
        latency=found,
        in_time=in_time(windows),
        queued=sum(one.queued for one in paced) / sum(one.due for one in paced),
        lag_p99_s=histogram.quantiles(histogram.merged(one.lag for one in paced), [0.99])[0],
        kept=kept,
    )


def _is_kept(doubts: Iterable[Doubt], label: str, about: About) -> bool:
    """Whether every guard of this number was silent."""
    return not any(doubt.gives for doubt in doubts if doubt.contender == label and doubt.about == about)
