"""Derives from a run all that is said of it: one row per contender, with intervals, verdict and rank."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import combinations
from statistics import median, median_low

from harness import audit, guards, lineage, otherwise
from harness.audit import PublishedTable
from harness.guards.evidence import Evidence, gather
from harness.model import (
    Call,
    Comparison,
    Doubt,
    Estimate,
    Idle,
    Imports,
    Latencies,
    Pooled,
    ResultSet,
    Row,
    Started,
    StartVariant,
    Summary,
    TurnOutcome,
    Verdict,
)
from harness.stats import calls, estimates
from harness.stats.slices import Throughputs, is_clean, log_levels, log_ratios

# A t3.medium with Linux, on demand, us-east-1, both CPUs busy (AWS price list, November 2026): the instance, and
# surplus credits for what two CPUs use beyond their baseline of 20 %.
USD_PER_HOUR = 0.0416 + 2 * (1 - 0.2) * 0.05
_DEAREST = 10


def summarize(
    result_set: ResultSet, published: PublishedTable | None = None, pooled: Mapping[str, Pooled] | None = None
) -> Summary:
    """Everything that may be said about a run, however little of it there is.

    `pooled` is what occasions say together of its contenders, by label.
    """
    seen = {evidence.member.label: evidence for evidence in gather(result_set)}
    doubts = guards.doubts(result_set)
    verdicts = {label: guards.verdict(doubts, label) for label in seen}
    valid = {label: one.throughputs for label, one in seen.items() if verdicts[label] is not Verdict.INVALID}
    doubted = frozenset(label for label, one in verdicts.items() if one is not Verdict.SERVER_BOUND)
    compared = _comparisons(result_set.head.plan.reference, valid, doubted)
    rows = tuple(_beside(row, pooled or {}) for row in _rows(result_set, seen, doubts, verdicts, compared))
    return Summary(
        name=result_set.head.name,
        blocks_planned=result_set.head.plan.blocks,
        blocks_finished=len(result_set.blocks),
        rows=tuple(sorted(rows, key=partial(_place, result_set.head.plan.reference))),
        doubts=doubts,
        claims=audit.beside(published, rows) if published else None,
        absent=result_set.head.absent,
        releases=lineage.releases(result_set.head, valid, compared, doubted),
    )


def _beside(row: Row, pooled: Mapping[str, Pooled]) -> Row:
    """What occasions say stands beside a ratio, and nowhere else."""
    return row.model_copy(update={"pooled": pooled.get(row.member.label)}) if row.comparison else row


def _rows(
    result_set: ResultSet,
    seen: Mapping[str, Evidence],
    doubts: Sequence[Doubt],
    verdicts: Mapping[str, Verdict],
    compared: Mapping[str, Comparison],
) -> tuple[Row, ...]:
    """One row per member, in the order of the run."""
    ranks = _ranks([one for label, one in seen.items() if verdicts[label] is Verdict.SERVER_BOUND])
    reference = result_set.head.plan.reference
    beside = otherwise.duets(reference, seen, doubts)
    others = otherwise.other_wait(result_set)
    return tuple(
        _row(one, result_set, verdicts[label], ranks.get(label), compared.get(label)).model_copy(
            update={
                "duet": beside.get(label),
                "other_wait": others.get(label),
                "open_loop": otherwise.open_loop(one, doubts),
            }
        )
        for label, one in seen.items()
    )


def _row(
    seen: Evidence, result_set: ResultSet, verdict: Verdict, rank: int | None, comparison: Comparison | None
) -> Row:
    starts = _starts(result_set, seen.member.label)
    warm = starts.get(StartVariant.WARM)
    requests_per_s = _requests_per_s(seen.throughputs)
    ended = [after for _, after in seen.usages]
    alternatives = _alternatives(seen)
    return Row(
        member=seen.member,
        verdict=verdict,
        rank=rank,
        requests_per_s=requests_per_s,
        comparison=comparison,
        latency=_latencies(seen),
        ready_s=warm.ready_s if warm else None,
        listening_s=warm.listening_s if warm else None,
        cpu_s_per_request=_cpu_s_per_request(seen, result_set),
        usd_per_million_requests=_usd_per_million(requests_per_s),
        memory_bytes=_middle([one.memory_bytes for one in ended if one.memory_bytes is not None]),
        processes=median_low([len(one.processes) for one in ended]) if ended else None,
        threads=median_low([sum(each.threads for each in one.processes) for one in ended]) if ended else None,
        reconnects_per_request=_reconnects_per_request(seen),
        services_share=_services_share(seen),
        idle=_idle(result_set, seen.member.label),
        failures=seen.failures,
        starts=starts,
        imports=_imports(result_set, seen.member.label),
        answered=sum(slice_.answered for slice_ in seen.slices) if alternatives else None,
        alternatives=alternatives,
    )


def _comparisons(
    reference: str, valid: Mapping[str, Throughputs], doubted: Collection[str]
) -> Mapping[str, Comparison]:
    """Every other member over the reference, as one family. Nothing is compared with an INVALID number."""
    if reference not in valid:
        return {}
    logs = {label: tuple(log_ratios(ours, valid[reference]).values()) for label, ours in valid.items()}
    family = {label: one for label, one in logs.items() if one and label != reference}
    return calls.comparisons(reference, family, doubted)


def _ranks(server_bound: Sequence[Evidence]) -> Mapping[str, int]:
    """1 + the number of contenders called FASTER, all pairs of SERVER-BOUND contenders being one family."""
    field = {one.member.label: one.throughputs for one in server_bound if one.member.role == "contender"}
    pairs = {pair: tuple(log_ratios(field[pair[0]], field[pair[1]]).values()) for pair in combinations(field, 2)}
    called = calls.calls({pair: logs for pair, logs in pairs.items() if logs})
    slower = [first if call is Call.SLOWER else second for (first, second), call in called.items() if _differ(call)]
    return {label: 1 + slower.count(label) for label in field}


def _differ(call: Call) -> bool:
    return call in {Call.FASTER, Call.SLOWER}


def _place(reference: str, row: Row) -> tuple[bool, int, float]:
    """Ranked contenders first, by rank, then by ratio, or by throughput where there is no reference to compare with.

    The sort keeps the others in the order of the run.
    """
    if row.rank is None or row.requests_per_s is None:
        return True, 0, 0.0
    if row.comparison:
        return False, row.rank, -row.comparison.ratio.value
    return False, row.rank, -1.0 if row.member.label == reference else -row.requests_per_s.value


def _requests_per_s(ours: Throughputs) -> Estimate | None:
    return estimates.geometric_mean(tuple(log_levels(ours).values())) if ours else None


def _latencies(seen: Evidence) -> Latencies | None:
    longest_s = max((slice_.longest_s or 0.0 for slice_ in seen.slices), default=0.0)
    return otherwise.latencies([slice_.latency for slice_ in seen.slices], longest_s)


def _alternatives(seen: Evidence) -> Mapping[str, int]:
    """How many answers of all slices were right in another way than the first, by its name."""
    names = sorted({name for slice_ in seen.slices for name in slice_.alternatives})
    return {name: sum(slice_.alternatives.get(name, 0) for slice_ in seen.slices) for name in names}


def _starts(result_set: ResultSet, label: str) -> Mapping[StartVariant, Started]:
    """The variants of which there was a start, and be it one that failed."""
    ours = [start for start in result_set.starts if start.contender == label]
    return {
        variant: Started(
            listening_s=_median([start.listening_s for start in ours if start.variant is variant]),
            ready_s=_median([start.ready_s for start in ours if start.variant is variant]),
        )
        for variant in StartVariant
        if any(start.variant is variant for start in ours)
    }


def _imports(result_set: ResultSet, label: str) -> Imports | None:
    told = next((one.imports for one in result_set.imports if one.contender == label), None)
    if not told:
        return None
    return Imports(
        modules=len(told),
        dearest=tuple(sorted(told, key=lambda one: (-one.self_s, one.module))[:_DEAREST]),
    )


def _idle(result_set: ResultSet, label: str) -> Idle | None:
    """Of the blocks in which it was asked to hold idle connections; None where it was in none."""
    ours = [one for one in result_set.idles if one.contender == label]
    if not ours:
        return None
    opened = [one.opened for one in ours if one.opened is not None]
    ended = (one.failure.message if one.failure else one.ended for one in ours)
    return Idle(
        asked=result_set.head.plan.idle_connections,
        opened=median_low(opened) if opened else None,
        memory_bytes=_median([one.bytes_each for one in ours]),
        ended=next(filter(None, ended), None),
    )


def _median(values: Sequence[float | None]) -> Estimate | None:
    known = [value for value in values if value is not None]
    return estimates.median(known) if known else None


def _middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _usd_per_million(requests_per_s: Estimate | None) -> float | None:
    """Dollars for a million requests on a fully used t3.medium that is as fast as this host."""
    return USD_PER_HOUR / 3600 / requests_per_s.value * 1e6 if requests_per_s else None


def _cpu_s_per_request(seen: Evidence, result_set: ResultSet) -> float | None:
    """CPU time of the process tree between its two readings over all answers between them; the median block.

    A block with a failed slice is left out: its CPU time cannot be told from that of the measured ones.
    """
    found = []
    for block in result_set.blocks:
        server = block.servers.get(seen.member.label)
        turns = [turn for turn in seen.turns if turn.block == block.block and turn.round]
        answered = _answered(turns)
        if server and server.warmed and server.ended and answered:
            found.append((server.ended.cpu_s - server.warmed.cpu_s) / answered)
    return _middle(found)


def _answered(turns: Sequence[TurnOutcome]) -> int | None:
    """All correct answers of these turns; None where a turn is not clean."""
    if not all(map(is_clean, turns)):
        return None
    return sum(turn.recording.answered for turn in turns if turn.recording)


def _services_share(seen: Evidence) -> float | None:
    """CPU time of the services in measured slices over all CPU time that the server side had meanwhile.

    From rest to rest, so the drain counts on both sides.
    """
    turns = [turn for turn in seen.turns if turn.round and is_clean(turn)]
    found = [(turn.services_cpu_s, turn.recording) for turn in turns if turn.recording]
    known = [(cpu_s, recording.duration_s + recording.drain_s) for cpu_s, recording in found if cpu_s is not None]
    had_s = seen.server_cpus * sum(lasted_s for _, lasted_s in known)
    return sum(cpu_s for cpu_s, _ in known) / had_s if known else None


def _reconnects_per_request(seen: Evidence) -> float | None:
    answered = sum(slice_.answered for slice_ in seen.slices)
    return sum(slice_.reconnects for slice_ in seen.slices) / answered if answered else None
