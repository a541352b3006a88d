"""One block: every contender is launched afresh, verified, warmed, measured in turn, stopped."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from harness import duet, idle
from harness.errors import EngineError, LaunchError
from harness.field import Field, launch, open_services, verified
from harness.hosts.base import Server
from harness.model import (
    BlockOutcome,
    BlockPlan,
    DuetOutcome,
    Failure,
    IdleOutcome,
    Launched,
    MachineReading,
    Plan,
    Recording,
    ServerOutcome,
    Target,
    Turn,
    TurnOutcome,
    Usage,
)
from harness.services import Services
from harness.turns import cut_short, outcome

__all__ = ["Field", "launch", "open_services", "play", "verified"]


@dataclass(frozen=True)
class _Part:
    """A contender's part in this block so far."""

    server: Server | None = None
    warmed: Usage | None = None
    ended: Usage | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class _Played:
    """What is left to say of a block when its turns are done. `connections` to the database, while all were warm."""

    before: MachineReading
    after: MachineReading
    parts: Mapping[str, _Part]
    connections: Mapping[str, int]


def play(
    field: Field, block: BlockPlan, attempt: int
) -> Iterator[TurnOutcome | DuetOutcome | IdleOutcome | BlockOutcome]:
    """Yield each turn as it ends, and last the block itself. What fails is an outcome; the rest goes on.

    Services are launched first and stopped last: what a contender still does when it is told to end is seen. Idle
    connections come last, when all that was measured has ended: they disturb nobody, and nobody disturbs them.
    """
    started_at = time.time()
    with open_services(field, f"block{block.index}-services.log") as beside:
        played = yield from _played(field, block, attempt, beside)
        seen = beside.outcome(played.connections)
        yield from (idle.play(field, block.index, attempt, label, beside) for label in block.idle)

    yield BlockOutcome(
        block=block.index,
        attempt=attempt,
        started_at=started_at,
        ended_at=time.time(),
        machine_before=played.before,
        machine_after=played.after,
        servers={label: _facts(part) for label, part in played.parts.items()},
        services=seen,
    )


def _played(
    field: Field, block: BlockPlan, attempt: int, beside: Services
) -> Generator[TurnOutcome | DuetOutcome, None, _Played]:
    with ExitStack() as stack:
        parts = {label: _launched(field, block, label, beside, stack) for label in block.launches}
        parts = {label: _verified(field, label, part) for label, part in parts.items()}
        turns = [turn for turn in block.turns if all(parts[label].failure is None for label in turn.contenders)]
        recordings = stack.enter_context(closing(_driven(field, block, parts, turns)))

        for turn in (turn for turn in turns if turn.round == 0):
            yield from _turned(block, attempt, turn, parts, recordings, beside)
        before = field.host.reading()
        parts = {label: _read(part, warmed=True) for label, part in parts.items()}
        connections = beside.connections()

        for turn in (turn for turn in turns if turn.round > 0 and not turn.beside):
            yield from _turned(block, attempt, turn, parts, recordings, beside)
        parts = {label: _read(part, warmed=False) for label, part in parts.items()}

        for turn in (turn for turn in turns if turn.beside):
            yield from _turned(block, attempt, turn, parts, recordings, beside)
        return _Played(before, field.host.reading(), parts, connections)


def _launched(field: Field, block: BlockPlan, label: str, beside: Services, stack: ExitStack) -> _Part:
    log_name, environment = f"block{block.index}-{label}.log", beside.environment(label)
    try:
        server = stack.enter_context(launch(field, label, log_name, environment))
    except LaunchError as error:
        return _Part(failure=Failure(stage="launch", message=error.message, hint=error.hint))
    return _Part(server=server)


def _verified(field: Field, label: str, part: _Part) -> _Part:
    if part.server is None:
        return part
    broken = verified(field, part.server)
    if not broken:
        return part
    hint = f"Try: ./bench verify {label}"
    return replace(part, failure=Failure(stage="verify", message="; ".join(broken), hint=hint))


def _driven(
    field: Field, block: BlockPlan, parts: Mapping[str, _Part], turns: Sequence[Turn]
) -> Generator[Recording, None, None]:
    """Recordings, one per contender of a turn. The load rests until the next turn's are asked for."""
    targets = {label: _target(field, label, part.server.launched) for label, part in parts.items() if part.server}
    if turns:
        yield from field.engine.drive(
            targets,
            _plan(field, block),
            turns,
            field.placement,
            field.logs / f"block{block.index}-engine.log",
        )


def _target(field: Field, label: str, at: Launched) -> Target:
    return Target(host=at.host, port=at.port, scenario=field.scenarios[label])


def _plan(field: Field, block: BlockPlan) -> Plan:
    """The plan as the engine is to see it in this block."""
    if block.kind != "other wait":
        return field.plan
    return field.plan.model_copy(update={"wait": "sleep" if field.plan.wait == "spin" else "spin"})


def _read(part: _Part, *, warmed: bool) -> _Part:
    """Usage at one of the two moments at which it is read: reading costs more than a slice may."""
    if part.server is None or part.failure:
        return part
    try:
        usage = part.server.usage()
    except LaunchError as error:
        return replace(part, failure=Failure(stage="usage", message=error.message, hint=error.hint))
    return replace(part, warmed=usage) if warmed else replace(part, ended=usage)


def _turned(
    block: BlockPlan,
    attempt: int,
    turn: Turn,
    parts: Mapping[str, _Part],
    recordings: Iterator[Recording],
    beside: Services,
) -> Iterator[TurnOutcome | DuetOutcome]:
    """One turn. Where a generator fails, so does the turn; and the block ends there, so that it does not count."""
    try:
        if turn.beside:
            yield duet.play(block.index, attempt, turn, _servers(parts, turn), recordings)
        else:
            yield outcome(block, attempt, turn, *_recorded(recordings, beside))
    except EngineError as error:
        yield cut_short(block, attempt, turn, error)
        raise


def _recorded(recordings: Iterator[Recording], beside: Services) -> tuple[Recording, float | None]:
    """The next recording, and the CPU time that the services took, from rest to rest."""
    before_s = beside.cpu_s()
    recording = next(recordings)
    after_s = beside.cpu_s()
    return recording, None if before_s is None or after_s is None else after_s - before_s


def _servers(parts: Mapping[str, _Part], turn: Turn) -> list[Server]:
    return [server for label in turn.contenders if (server := parts[label].server)]


def _facts(part: _Part) -> ServerOutcome:
    launched = part.server.launched if part.server else None
    return ServerOutcome(launched=launched, warmed=part.warmed, ended=part.ended, failure=part.failure)
