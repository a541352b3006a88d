"""Builds synthetic runs for tests: a ResultSet as a quiet machine would have written it, with known throughputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness import histogram, schedule
from harness.model import (
    BlockOutcome,
    BlockPlan,
    DuetOutcome,
    DuetPart,
    Enforcement,
    Expectation,
    Fingerprint,
    Launched,
    Limits,
    MachineReading,
    Member,
    Outcome,
    Paced,
    Placement,
    Plan,
    Process,
    Recording,
    Request,
    ResultSet,
    RunHead,
    Scenario,
    ServerOutcome,
    StartOutcome,
    StartVariant,
    Traits,
    Turn,
    TurnOutcome,
    Usage,
)

FASTAPI, FLASK, DJANGO, NULL, CONTROL = "fastapi@uvicorn", "flask@gthread", "django_rest@gthread", "null", "control"
THROUGHPUTS: Mapping[str, float] = {FASTAPI: 4400.0, FLASK: 2500.0, DJANGO: 1600.0, NULL: 50_000.0, CONTROL: 4500.0}
READY_S: Mapping[str, float] = {FASTAPI: 0.45, FLASK: 0.22, DJANGO: 0.39}
SLOWER: Mapping[StartVariant, float] = {
    StartVariant.WARM: 1.0,
    StartVariant.DROPPED: 5.0,
    StartVariant.NO_BYTECODE: 3.0,
}
BLOCK_S = 30.0
CREATED_AT = 1_795_000_000.0

MEMBERS: Mapping[str, Member] = {
    member.label: member
    for member in (
        Member(
            label=FASTAPI,
            app="fastapi",
            title="FastAPI",
            deployment="uvicorn",
            role="contender",
            workers=1,
            threads=1,
            connections="kept",
            traits=Traits(server="uvicorn", loop="uvloop", parser="httptools", keep_alive="75 s", access_log="off"),
            command=("uvicorn", "main:app"),
            versions={"fastapi": "0.130.0", "uvicorn": "0.40.0"},
        ),
        Member(
            label=FLASK,
            app="flask",
            title="Flask",
            deployment="gthread",
            role="contender",
            workers=1,
            threads=32,
            connections="kept",
            traits=Traits(server="gunicorn", worker_class="gthread", parser="Python", keep_alive="75 s"),
            command=("gunicorn", "main:app"),
            versions={"flask": "3.1.0", "gunicorn": "27.0.0"},
        ),
        Member(
            label=DJANGO,
            app="django_rest",
            title="Django REST",
            deployment="gthread",
            role="contender",
            workers=1,
            threads=32,
            connections="kept",
            traits=Traits(server="gunicorn", worker_class="gthread", parser="Python", keep_alive="75 s"),
            command=("gunicorn", "wsgi:application"),
            versions={"django": "5.2.8", "djangorestframework": "3.18.0"},
        ),
        Member(
            label=NULL,
            app="null",
            title="Null server",
            deployment="default",
            role="null",
            workers=1,
            threads=1,
            connections="kept",
            traits=Traits(),
            command=("python", "null.py"),
            versions={},
        ),
        Member(
            label=CONTROL,
            app="control",
            title="Control",
            deployment="default",
            role="control",
            workers=1,
            threads=1,
            connections="kept",
            traits=Traits(),
            command=("python", "control.py"),
            versions={},
        ),
    )
}

SCENARIO = Scenario(
    name="json",
    about="A constant answer.",
    isolates="the framework's own cost",
    leaves_out="databases, validation, large bodies",
    requests=(Request(name="hello", path="/json", expect=Expectation(json_body={"message": "Hello, World!"})),),
)


def plan(labels: tuple[str, ...] = tuple(THROUGHPUTS), **changes: Any) -> Plan:
    """A default plan over `labels`, the first of them the reference, with any field changed."""
    fields = {"scenario": "json", "lineup": "fair", "contenders": labels, "reference": labels[0], "seed": 7} | changes
    return Plan(**fields)


def result_set(
    throughputs: Mapping[str, float] = THROUGHPUTS,
    *,
    members: Mapping[str, Member] = MEMBERS,
    finished: int | None = None,
    noise: float = 0.02,
    block_noise: float = 0.01,
    seed: int = 1,
    owns_core: bool = True,
    **changes: Any,
) -> ResultSet:
    """A run of contenders with these throughputs (1/s); `finished` blocks of the plan's, or all.

    Duets, blocks of open loop and of the other wait policy are made as the plan says.
    `noise` and `block_noise` are standard deviations of log throughput, of a slice and of a contender's block.
    `changes` are fields of the plan. Everything follows from `seed`.
    """
    labels = tuple(throughputs)
    head = _head(plan(labels, **changes), tuple(members[label] for label in labels), owns_core=owns_core)
    random = np.random.default_rng(seed)
    outcomes: list[Outcome] = _starts(head, random)
    for planned in head.schedule:
        if finished is None or planned.index < finished:
            outcomes += _block(head, planned, throughputs, noise, block_noise, random)
    return ResultSet(head=head, outcomes=tuple(outcomes))


def recording(contender: str, number: int, requests_per_s: float, connections: int = 100, **changes: Any) -> Recording:
    """One clean turn of about 0.5 s at this throughput, with any field changed."""
    duration_s = 0.5
    counted = max(1, round(requests_per_s * duration_s))
    mean_s = connections / requests_per_s
    fields: dict[str, Any] = {
        "contender": contender,
        "round": number,
        "started_at": CREATED_AT,
        "duration_s": duration_s + mean_s,
        "answered": counted + 2 * connections,
        "counted": counted,
        "longest_s": 1.5 * mean_s,
        "counted_s": counted / requests_per_s,
        "latency": histogram.of(mean_s * np.linspace(0.5, 1.5, 201)),
        "busy": 0.999,
        "connections": connections,
        "reconnects": 0,
        "asked_again": 0,
        "generator_cpu_s": 0.99 * (duration_s + mean_s),
        "generator_empty_s": max(0.0, duration_s - counted * 20e-6),
        "drain_s": mean_s,
    }
    return Recording(**fields | changes)


def launched(label: str, held: tuple[int, ...] = (0,)) -> Launched:
    """A start that was asked to stay on CPU 0, and did so on `held`."""
    return Launched(
        contender=label,
        host="127.0.0.1",
        port=8000,
        pid=1000,
        listening_s=0.1,
        ready_s=0.2,
        command=("serve",),
        log=f"{label}.log",
        enforcement=Enforcement(
            mechanism="cgroup v1",
            asked=Limits(cpus=(0,), memory_bytes=4 * 2**30),
            held={"cpus": list(held), "memory_bytes": 4 * 2**30},
            enforced=held == (0,),
        ),
    )


def usage(member: Member, cpu_s: float, **changes: Any) -> Usage:
    """What a server's tree used: a master without work and the member's workers, who share the work evenly."""
    workers = tuple(
        Process(
            pid=1001 + index, started_at=5.0, name="worker", cpu_s=cpu_s / member.workers, threads=1 + member.threads
        )
        for index in range(member.workers)
    )
    master = Process(pid=1000, started_at=4.0, name="master", cpu_s=0.01, threads=1)
    fields: dict[str, Any] = {
        "cpu_s": 0.01 + cpu_s,
        "memory_bytes": 60_000_000,
        "processes": (master, *workers),
        "throttled": 0,
        "oom_kills": 0,
    }
    return Usage(**fields | changes)


def altered(run: ResultSet, kind: str, contender: str | None = None, **changes: Any) -> ResultSet:
    """`run` with fields of its outcomes changed: "start", "turn", "block", or "recording" of measured slices."""
    return run.model_copy(
        update={"outcomes": tuple(_altered(outcome, kind, contender, changes) for outcome in run.outcomes)}
    )


def served(run: ResultSet, contender: str, **changes: Any) -> ResultSet:
    """`run` with fields of a contender's part in every block changed, such as `ended` or `failure`."""
    return run.model_copy(update={"outcomes": tuple(_served(outcome, contender, changes) for outcome in run.outcomes)})


def _served(outcome: Outcome, contender: str, changes: Mapping[str, Any]) -> Outcome:
    if not isinstance(outcome, BlockOutcome):
        return outcome
    servers = {**outcome.servers, contender: outcome.servers[contender].model_copy(update=dict(changes))}
    return outcome.model_copy(update={"servers": servers})


def _altered(outcome: Outcome, kind: str, contender: str | None, changes: Mapping[str, Any]) -> Outcome:
    if contender is not None and getattr(outcome, "contender", None) != contender:
        return outcome
    if kind == "recording" and isinstance(outcome, TurnOutcome) and outcome.recording and outcome.round:
        return outcome.model_copy(update={"recording": outcome.recording.model_copy(update=dict(changes))})
    return outcome.model_copy(update=dict(changes)) if outcome.kind == kind else outcome


def _head(plan: Plan, members: tuple[Member, ...], *, owns_core: bool) -> RunHead:
    return RunHead(
        name="20261122-0830-fair",
        created_at=CREATED_AT,
        plan=plan,
        scenario=SCENARIO,
        placement=Placement(server_cpus=(0,), generator_cpus=(1,), owns_core=owns_core),
        members=members,
        schedule=schedule.blocks(plan, members),
        fingerprint=Fingerprint(
            identity={"cpu_model": "Synthetic CPU", "cpus": [0, 1], "kernel": "6.1", "python": "3.11.2"},
            moment={"load_1min": 0.1},
        ),
        digests={"measuring": "0" * 16},
    )


def _starts(head: RunHead, random: np.random.Generator) -> list[Outcome]:
    labels = [member.label for member in head.members if member.role in {"contender", "baseline"}]
    return [
        StartOutcome(
            **start.model_dump(),
            attempt=0,
            at=head.created_at + place,
            listening_s=SLOWER[start.variant] * READY_S.get(start.contender, 0.3) * 0.6,
            ready_s=SLOWER[start.variant] * READY_S.get(start.contender, 0.3) * float(np.exp(random.normal(0, 0.05))),
        )
        for place, start in enumerate(schedule.starts(head.plan, labels))
    ]


def _block(
    head: RunHead,
    planned: BlockPlan,
    throughputs: Mapping[str, float],
    noise: float,
    block_noise: float,
    random: np.random.Generator,
) -> list[Outcome]:
    level = {label: rate * float(np.exp(random.normal(0, block_noise))) for label, rate in throughputs.items()}
    turns = [_turn(head, planned.index, turn, level, float(np.exp(random.normal(0, noise)))) for turn in planned.turns]
    return [*turns, _block_end(head, planned.index)]


def _turn(head: RunHead, block: int, turn: Turn, level: Mapping[str, float], flicker: float) -> Outcome:
    """In a duet each of the two gets half of the CPU, and the same noise as a slice."""
    common: dict[str, Any] = {"block": block, "attempt": 0, "contender": turn.contender, "round": turn.round}
    if turn.beside:
        rates = {turn.contender: level[turn.contender] * flicker, turn.beside: level[turn.beside]}
        return DuetOutcome(
            **common, beside=turn.beside, parts={label: duet_part(rate) for label, rate in rates.items()}
        )
    connections, rate = head.plan.connections, level[turn.contender] * flicker
    if turn.share:
        return TurnOutcome(**common, recording=paced(turn.contender, turn.round, turn.share, rate, connections))
    return TurnOutcome(**common, recording=recording(turn.contender, turn.round, rate, connections))


def duet_part(requests_per_s: float, **changes: Any) -> DuetPart:
    """Half of a CPU for 1.5 s."""
    fields = {"answered": round(0.75 * requests_per_s), "cpu_s": 0.75, "loaded_s": 1.51, "is_whole": True}
    return DuetPart(**fields | changes)


def paced(
    contender: str, number: int, share: float, capacity_per_s: float, connections: int = 100, **changes: Any
) -> Recording:
    """A window of open loop that kept its rate; a request takes what it takes the server alone, and twice, evenly."""
    rate_per_s = 1000 * share
    due = int(5 * rate_per_s)
    latency = histogram.of(np.linspace(1, 2, due) / capacity_per_s)
    lag = histogram.of(np.linspace(1e-6, 20e-6, due))
    kept = Paced(share=share, rate_per_s=rate_per_s, due=due, in_time=due, queued=0, lag=lag)
    window: dict[str, Any] = {"answered": due, "counted": due, "counted_s": 5.0, "duration_s": 5.0, "busy": None}
    fields = {**window, "latency": latency, "longest_s": latency.max_s, "paced": kept}
    return recording(contender, number, capacity_per_s, connections, **fields | changes)


def _block_end(head: RunHead, index: int) -> BlockOutcome:
    begin_s = index * BLOCK_S
    return BlockOutcome(
        block=index,
        attempt=0,
        started_at=head.created_at + begin_s,
        ended_at=head.created_at + begin_s + BLOCK_S,
        machine_before=_reading(begin_s),
        machine_after=_reading(begin_s + BLOCK_S),
        servers={
            member.label: ServerOutcome(
                launched=launched(member.label),
                warmed=usage(member, 0.8),
                ended=usage(member, 0.8 + 0.4 * head.plan.rounds),
            )
            for member in head.members
        },
    )


def _reading(at_s: float) -> MachineReading:
    return MachineReading(monotonic_s=at_s, busy_s=1.9 * at_s, steal_s=0.001 * at_s, own_s=1.85 * at_s)
