"""The whole run: cold starts, then blocks, each outcome stored before the next thing happens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import block, schedule, store, verify
from harness.block import Field
from harness.errors import InputError, LaunchError
from harness.model import (
    BlockOutcome,
    Failure,
    Outcome,
    ResultSet,
    RunHead,
    StartOutcome,
    TurnOutcome,
)


def steps(head: RunHead) -> int:
    """How many outcomes a whole run has."""
    in_blocks = sum(len(block.turns) + 1 for block in head.schedule)
    return in_blocks + head.plan.starts * len(_starting(head))


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


@dataclass(frozen=True)
class Part:
    """A run as one of several in rotation: its field, where it is stored, and what was done of it before."""

    field: Field
    folder: Path
    done: ResultSet

    @property
    def attempt(self) -> int:
        """The number of this attempt at it."""
        return 1 + max((outcome.attempt for outcome in self.done.outcomes), default=0)


def play(field: Field, folder: Path, done: ResultSet) -> Iterator[Outcome]:
    """Do what a run lacks of its plan, and yield each outcome once it is stored."""
    yield from (outcome for _, outcome in rotate([Part(field, folder, done)]))


def rotate(parts: Sequence[Part]) -> Iterator[tuple[Part, Outcome]]:
    """Do what several runs lack of their plans, and yield each outcome with its run once it is stored.

    Block after block they take turns, in a random order each time, so that all of them meet the same weather.
    """
    for part in parts:
        yield from _stored(part, _starts(part))
    for index, order in enumerate(schedule.rotations([part.field.plan for part in parts])):
        for place in order:
            yield from _stored(parts[place], _block(parts[place], index))


def _stored(part: Part, outcomes: Iterator[Outcome]) -> Iterator[tuple[Part, Outcome]]:
    for outcome in outcomes:
        store.append(part.folder, outcome)
        yield part, outcome


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


def _block(part: Part, index: int) -> Iterator[Outcome]:
    """The planned block of that index, unless it was finished before or there is none."""
    finished = {outcome.block for outcome in part.done.blocks}
    for planned in part.done.head.schedule:
        if planned.index == index and index not in finished:
            yield from block.play(part.field, planned, part.attempt)


def _starts(part: Part) -> Iterator[StartOutcome]:
    had = {(start.contender, start.index) for start in part.done.starts}
    for index, label in schedule.starts(part.field.plan, _starting(part.done.head)):
        if (label, index) not in had:
            yield _start(part.field, label, index, part.attempt)


def _starting(head: RunHead) -> tuple[str, ...]:
    """Whose cold start is timed: not that of the yardsticks."""
    return tuple(member.label for member in head.members if not member.is_yardstick)


def _start(field: Field, label: str, index: int, attempt: int) -> StartOutcome:
    at = time.time()
    try:
        with block.launch(field, label, f"start-{label}.log") as server:
            listening_s, ready_s = server.launched.listening_s, server.launched.ready_s
    except LaunchError as error:
        failure = Failure(stage="launch", message=error.message, hint=error.hint)
        return StartOutcome(contender=label, attempt=attempt, index=index, at=at, failure=failure)
    return StartOutcome(contender=label, attempt=attempt, index=index, at=at, listening_s=listening_s, ready_s=ready_s)


def said_of(outcome: Outcome) -> str:
    """An outcome in a few words, for progress."""
    match outcome:
        case StartOutcome():
            return f"cold start {outcome.index + 1} of {outcome.contender}"
        case TurnOutcome(round=0):
            return f"block {outcome.block + 1}: warmed {outcome.contender}"
        case TurnOutcome():
            return f"block {outcome.block + 1}, round {outcome.round}: {outcome.contender}"
        case BlockOutcome():
            return f"block {outcome.block + 1} done"
