"""One block: every contender is launched afresh, verified, warmed, measured in turn, stopped."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness import duet, rendering, verify
from harness.engines.base import Engine
from harness.errors import LaunchError
from harness.hosts.base import NOTHING_MORE, Host, Server
from harness.model import (
    BlockOutcome,
    BlockPlan,
    Contender,
    DuetOutcome,
    Failure,
    Limits,
    Placement,
    Plan,
    Recording,
    Scenario,
    ServerOutcome,
    Turn,
    TurnOutcome,
    Usage,
)


@dataclass(frozen=True)
class Field:
    """All that a block needs: who, on what, with what. `pythons` and `contenders` by label; `logs` is a folder."""

    plan: Plan
    scenario: Scenario
    contenders: Mapping[str, Contender]
    pythons: Mapping[str, Path]
    placement: Placement
    limits: Limits
    logs: Path
    host: Host
    engine: Engine


@dataclass(frozen=True)
class _Part:
    """A contender's part in this block so far."""

    server: Server | None = None
    warmed: Usage | None = None
    ended: Usage | None = None
    failure: Failure | None = None


def play(field: Field, block: BlockPlan, attempt: int) -> Iterator[TurnOutcome | DuetOutcome | BlockOutcome]:
    """Yield each turn as it ends, and last the block itself. What fails is an outcome; the rest goes on."""
    started_at = time.time()
    with ExitStack() as stack:
        parts = {label: _launched(field, block, label, stack) for label in block.launches}
        parts = {label: _verified(field, label, part) for label, part in parts.items()}
        turns = [turn for turn in block.turns if all(parts[label].failure is None for label in turn.contenders)]
        recordings = stack.enter_context(closing(_driven(field, block, parts, turns)))

        for turn in (turn for turn in turns if turn.round == 0):
            yield _outcome(block, attempt, turn, next(recordings))
        before = field.host.reading()
        parts = {label: _read(part, warmed=True) for label, part in parts.items()}

        for turn in (turn for turn in turns if turn.round > 0 and not turn.beside):
            yield _outcome(block, attempt, turn, next(recordings))
        parts = {label: _read(part, warmed=False) for label, part in parts.items()}

        for turn in (turn for turn in turns if turn.beside):
            yield duet.play(block.index, attempt, turn, _servers(parts, turn), recordings)
        after = field.host.reading()

    yield BlockOutcome(
        block=block.index,
        attempt=attempt,
        started_at=started_at,
        ended_at=time.time(),
        machine_before=before,
        machine_after=after,
        servers={label: _facts(part) for label, part in parts.items()},
    )


def launch(
    field: Field, label: str, log_name: str, environment: Mapping[str, str] = NOTHING_MORE
) -> AbstractContextManager[Server]:
    """A contender on the field's host; ready once it has answered the first request of the load correctly."""
    return field.host.launch(
        field.contenders[label],
        field.pythons[label],
        rendering.first(field.scenario, field.plan.seed),
        field.limits,
        field.logs / log_name,
        field.plan.launch_timeout_s,
        environment,
    )


def _launched(field: Field, block: BlockPlan, label: str, stack: ExitStack) -> _Part:
    try:
        server = stack.enter_context(launch(field, label, f"block{block.index}-{label}.log"))
    except LaunchError as error:
        return _Part(failure=Failure(stage="launch", message=error.message, hint=error.hint))
    return _Part(server=server)


def _verified(field: Field, label: str, part: _Part) -> _Part:
    if part.server is None:
        return part
    launched = part.server.launched
    broken = verify.broken(launched.host, launched.port, field.scenario, field.plan.request_timeout_s, field.plan.seed)
    if not broken:
        return part
    hint = f"Try: ./bench verify {label}"
    return replace(part, failure=Failure(stage="verify", message="; ".join(broken), hint=hint))


def _driven(
    field: Field, block: BlockPlan, parts: Mapping[str, _Part], turns: Sequence[Turn]
) -> Generator[Recording, None, None]:
    """Recordings, one per contender of a turn. The load rests until the next turn's are asked for."""
    addresses = {
        label: (part.server.launched.host, part.server.launched.port) for label, part in parts.items() if part.server
    }
    if turns:
        yield from field.engine.drive(
            addresses,
            field.scenario,
            _plan(field, block),
            turns,
            field.placement,
            field.logs / f"block{block.index}-engine.log",
        )


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


def _outcome(block: BlockPlan, attempt: int, turn: Turn, recording: Recording) -> TurnOutcome:
    failure = None
    if not recording.counted:
        said = recording.first_error or "too few answers"
        message = f"`{turn.contender}` could not be measured in round {turn.round}: {said}"
        failure = Failure(stage=_stage(turn), message=message)
    return TurnOutcome(
        block=block.index,
        attempt=attempt,
        contender=turn.contender,
        round=turn.round,
        recording=recording,
        failure=failure,
    )


def _stage(turn: Turn) -> Literal["warm", "slice", "open loop"]:
    if turn.round == 0:
        return "warm"
    return "slice" if turn.share is None else "open loop"


def _servers(parts: Mapping[str, _Part], turn: Turn) -> list[Server]:
    return [server for label in turn.contenders if (server := parts[label].server)]


def _facts(part: _Part) -> ServerOutcome:
    launched = part.server.launched if part.server else None
    return ServerOutcome(launched=launched, warmed=part.warmed, ended=part.ended, failure=part.failure)
