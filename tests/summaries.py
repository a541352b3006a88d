"""Builds synthetic summaries for the tests of the report, with round numbers and every kind of row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.model import (
    Call,
    ClaimRow,
    Claims,
    Comparison,
    Doubt,
    Duet,
    Estimate,
    Failure,
    Latencies,
    Member,
    OpenLoop,
    Plan,
    ResultSet,
    Row,
    Started,
    StartVariant,
    Summary,
    Verdict,
)
from tests import builders

FAILED = Failure(
    stage="launch",
    message='"flask@gthread" did not answer on 127.0.0.1:8001 within 30 s.',
    hint="Its log is logs/flask@gthread.log.",
)


def estimate(value: float, share: float = 0.015, n: int = 12) -> Estimate:
    return Estimate(value=value, low=value * (1 - share), high=value * (1 + share), n=n)


def row(member: Member, requests_per_s: float, reference: float, rank: int | None, **changes: Any) -> Row:
    mean_s = 100 / requests_per_s
    has_start = member.role in {"contender", "baseline"}
    fields: dict[str, Any] = {
        "member": member,
        "verdict": Verdict.SERVER_BOUND,
        "rank": rank,
        "requests_per_s": estimate(requests_per_s),
        "comparison": None if requests_per_s == reference else comparison(requests_per_s / reference),
        "latency": Latencies(
            count=20_000,
            mean_s=mean_s,
            min_s=0.2 * mean_s,
            p50_s=0.98 * mean_s,
            p90_s=1.3 * mean_s,
            p99_s=1.6 * mean_s,
            p999_s=2.5 * mean_s,
            max_s=4.0 * mean_s,
        ),
        "ready_s": estimate(builders.READY_S.get(member.label, 0.3), 0.03, 20) if has_start else None,
        "listening_s": estimate(0.2, 0.03, 20) if has_start else None,
        "cpu_s_per_request": 0.97 / requests_per_s,
        "usd_per_million_requests": 0.1216 / 3600 / requests_per_s * 1e6,
        "memory_bytes": 58_300_000.0,
        "processes": 2,
        "threads": 1 + member.threads,
        "reconnects_per_request": 0.0,
        "failures": (),
    }
    warm = Started(listening_s=fields["listening_s"], ready_s=fields["ready_s"])
    fields["starts"] = {StartVariant.WARM: warm} if has_start else {}
    return Row(**fields | changes)


def beside(plan: Plan, made: Row) -> dict[str, Any]:
    """What a plan of duets, other waits and open loop adds to a measured row."""
    fields: dict[str, Any] = {}
    if made.comparison and plan.duets and made.member.role != "null":
        ratio = made.comparison.ratio.value
        fields["duet"] = Duet(comparison=comparison(0.99 * ratio), slices_over_duet=estimate(1 / 0.99), kept=True)
    if made.comparison and plan.other_wait_blocks:
        fields["other_wait"] = estimate(1.03 * made.comparison.ratio.value, n=8)
    if made.latency and plan.open_blocks and made.member.role != "control":
        fields["open_loop"] = tuple(at_rate(made.latency, share) for share in plan.open_shares)
    return fields


def at_rate(latency: Latencies, share: float) -> OpenLoop:
    """A hundredth of the latency at saturation, twice as much at twice the rate."""
    quantiles = latency.model_dump(exclude={"count"}).items()
    return OpenLoop(
        share=share,
        rate_per_s=1600 * share,
        windows=3,
        latency=Latencies(count=9000, **{name: value * share / 30 for name, value in quantiles}),
        in_time=0.9996,
        queued=0.0,
        lag_p99_s=22e-6,
        kept=True,
    )


def comparison(ratio: float) -> Comparison:
    return Comparison(
        reference=builders.FASTAPI,
        ratio=estimate(ratio),
        low99=ratio * 0.98,
        high99=ratio * 1.02,
        yuen_low=ratio * 0.984,
        yuen_high=ratio * 1.016,
        call=Call.SLOWER if ratio < 1 else Call.FASTER,
        within_margin=False,
        detectable=1.021,
    )


def failed(member: Member) -> Row:
    measured = ("requests_per_s", "comparison", "latency", "ready_s", "listening_s", "cpu_s_per_request")
    cost = ("usd_per_million_requests", "memory_bytes", "processes", "threads", "reconnects_per_request")
    absent = dict.fromkeys((*measured, *cost))
    whole = row(member, 1.0, 2.0, None, verdict=Verdict.INVALID, failures=(FAILED, FAILED))
    starts = dict.fromkeys(whole.starts, Started(listening_s=None, ready_s=None))
    return whole.model_copy(update={**absent, "starts": starts})


def summary(
    result_set: ResultSet, doubts: Sequence[Doubt] = (), failing: str | None = None, claims: Claims | None = None
) -> Summary:
    """A summary of this run that gives every row the throughput that `builders` gave it."""
    head = result_set.head
    rates: Mapping[str, float] = builders.THROUGHPUTS
    reference = rates.get(head.plan.reference, 4400.0)
    rows = []
    for place, member in enumerate(head.members, 1):
        rate = rates.get(member.label, 3000.0 - 100 * place)
        rank = place if member.role == "contender" else None
        made = failed(member) if member.label == failing else row(member, rate, reference, rank)
        rows.append(made.model_copy(update=beside(head.plan, made)))
    return Summary(
        name=head.name,
        blocks_planned=head.plan.blocks,
        blocks_finished=len(result_set.blocks),
        rows=tuple(rows),
        doubts=tuple(doubts),
        claims=claims,
    )


def _claim(title: str, contender: str, rate: float, latency_s: float, start_s: float) -> ClaimRow:
    return ClaimRow(
        title=title,
        contender=contender,
        claimed_requests_per_s=rate,
        claimed_latency_s=latency_s,
        claimed_cold_start_s=start_s,
        claimed_ratio=rate / 9500,
        implied_latency_s=100 / rate,
        measured_ratio=builders.THROUGHPUTS[contender] / 4400,
    )


CLAIMS = Claims(
    source="the article",
    host="AWS t3.medium",
    connections=100,
    speedup=(3, 5),
    rows=(
        _claim("FastAPI (async)", builders.FASTAPI, 9500, 0.0023, 0.3),
        _claim("Flask (sync)", builders.FLASK, 1200, 0.0127, 0.8),
        _claim("Django REST", builders.DJANGO, 850, 0.0184, 1.2),
    ),
)
