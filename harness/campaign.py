"""The whole run: cold starts, then blocks, each outcome stored before the next thing happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import block, capacity, coldstart, store, verify
from harness.block import Field
from harness.errors import InputError, LaunchError
from harness.model import (
    BlockOutcome,
    BlockPlan,
    DuetOutcome,
    ImportsOutcome,
    Outcome,
    Paced,
    Recording,
    ResultSet,
    RunHead,
    StartOutcome,
    TurnOutcome,
)


def steps(head: RunHead) -> int:
    """How many outcomes a whole run has."""
    in_blocks = sum(len(block.turns) + 1 for block in head.schedule)
    return in_blocks + coldstart.steps(head)


def rehearse(field: Field) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Start every contender once, and yield its label with all that is wrong with it.

    A server that does not start, or answers the first request of the load wrongly, is asked nothing more.
    """
    for label in field.contenders:
        try:
            with block.launch(field, label, f"rehearsal-{label}.log") as server:
                launched = server.launched
                broken = verify.broken(launched.host, launched.port, field.scenario, field.plan.request_timeout_s)
        except LaunchError as error:
            broken = (f"{error.message.removeprefix(f'`{label}` ')}\n  {error.hint}",)  # who it is stands beside
        yield label, broken


def play(field: Field, folder: Path, done: ResultSet) -> Iterator[Outcome]:
    """Do what a run lacks of its plan, and yield each outcome once it is stored."""
    attempt = 1 + max((outcome.attempt for outcome in done.outcomes), default=0)
    for outcome in _outcomes(field, folder, done, attempt):
        store.append(folder, outcome)
        yield outcome


def refuse_other(head: RunHead, now: RunHead) -> None:
    """Raise InputError unless a run can be gone on with as things are now: same machine, same code, same apps."""
    before, today = _must_agree(head), _must_agree(now)
    differing = sorted(key for key in before.keys() | today.keys() if before.get(key) != today.get(key))
    if differing:
        lines = [f'{key}: was "{before.get(key)}", is "{today.get(key)}"' for key in differing]
        raise InputError(
            "this run was made with something else:\n" + "\n".join(lines),
            "Blocks made differently cannot be put into one run. Start a new one: ./bench run",
        )


def _must_agree(head: RunHead) -> dict[str, Any]:
    """All that a number hangs on. What is made of the numbers afterwards can be made anew at any time."""
    digests = {key: digest for key, digest in head.digests.items() if key != "deriving"}
    return {**head.fingerprint.identity, **digests}


def _outcomes(field: Field, folder: Path, done: ResultSet, attempt: int) -> Iterator[Outcome]:
    yield from coldstart.play(field, done, attempt)
    finished = {outcome.block for outcome in done.finished}
    left = [planned for planned in done.head.schedule if planned.index not in finished]
    for planned in left:
        if planned.kind != "open loop":
            yield from block.play(field, planned, attempt)
    capacity_per_s = capacity.slowest_per_s(store.read(folder))
    for planned in left:
        if planned.kind == "open loop" and capacity_per_s is not None:
            yield from block.play(field, _paced(planned, capacity_per_s), attempt)


def _paced(planned: BlockPlan, capacity_per_s: float) -> BlockPlan:
    """With rates for its shares: the same for all contenders, and the same in every block."""
    turns = (
        turn if turn.share is None else turn.model_copy(update={"rate_per_s": turn.share * capacity_per_s})
        for turn in planned.turns
    )
    return planned.model_copy(update={"turns": tuple(turns)})


def said_of(outcome: Outcome) -> str:
    """An outcome in a few words, for progress."""
    match outcome:
        case ImportsOutcome() | StartOutcome():
            return coldstart.said_of(outcome)
        case TurnOutcome(round=0):
            return f"block {outcome.block + 1}: warmed {outcome.contender}"
        case TurnOutcome(recording=Recording(paced=Paced() as paced)):
            return f"block {outcome.block + 1}, {paced.rate_per_s:,.0f} a second: {outcome.contender}"
        case DuetOutcome():
            return f"block {outcome.block + 1}, duet {outcome.round}: {outcome.contender} and {outcome.beside}"
        case TurnOutcome():
            return f"block {outcome.block + 1}, round {outcome.round}: {outcome.contender}"
        case BlockOutcome():
            return f"block {outcome.block + 1} done"
