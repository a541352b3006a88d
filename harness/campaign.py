"""The whole run: cold starts, then blocks, each outcome stored before the next thing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness import block, capacity, coldstart, schedule, store
from harness.block import Field
from harness.errors import InputError, LaunchError, LostError
from harness.model import (
    BlockOutcome,
    BlockPlan,
    DuetOutcome,
    IdleOutcome,
    ImportsOutcome,
    Outcome,
    Paced,
    Recording,
    ResultSet,
    RunHead,
    StartOutcome,
    TurnOutcome,
)
from harness.services import Services

_LOSSES = 3  # of the way to the host, within one block


def steps(head: RunHead) -> int:
    """How many outcomes a whole run has."""
    in_blocks = sum(len(block.turns) + len(block.idle) + 1 for block in head.schedule)
    return in_blocks + coldstart.steps(head)


def rehearse(field: Field) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Start every contender once, and yield its label with all that is wrong with it.

    A server that does not start, or answers the first request of the load wrongly, is asked nothing more.
    """
    with block.open_services(field, "rehearsal-services.log") as beside:
        for label in field.contenders:
            yield label, _rehearsed(field, label, beside)


def _rehearsed(field: Field, label: str, beside: Services) -> tuple[str, ...]:
    try:
        with block.launch(field, label, f"rehearsal-{label}.log", beside.environment(label)) as server:
            return block.verified(field, server)
    except LaunchError as error:
        return (f"{error.message.removeprefix(f'`{label}` ')}\n  {error.hint}",)  # who it is stands beside


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
        yield from _stored(part, lambda now: coldstart.play(now.field, now.done, now.attempt))
    for place, order in enumerate(schedule.rotations([part.field.plan for part in parts])):
        for number in order:
            yield from _stored(parts[number], partial(_block, place=place))


def _stored(part: Part, play: Callable[[Part], Iterator[Outcome]]) -> Iterator[tuple[Part, Outcome]]:
    """What is played, once it is stored. Where the way to the host is lost, what was cut short is played once more."""
    for losses_left in reversed(range(_LOSSES)):
        try:
            for outcome in play(part):
                store.append(part.folder, outcome)
                yield part, outcome
        except LostError:
            if not losses_left:
                raise
        else:
            return
        part = replace(part, done=store.read(part.folder))


def refuse_other(head: RunHead, now: RunHead) -> None:
    """Raise InputError unless a run can be gone on with as things are now: same machine, same code, same apps."""
    before, today = _must_agree(head), _must_agree(now)
    differing = sorted(key for key in before.keys() | today.keys() if before.get(key) != today.get(key))
    if differing:
        lines = [f'{key}: was "{before.get(key)}", is "{today.get(key)}"' for key in differing]
        raise InputError(
            "this run was made with something else:\n" + "\n".join(lines),
            "A run on another host goes on with the same --host."
            if "reached" in differing
            else "Blocks made differently cannot be put into one run. Start a new one: ./bench run",
        )


def _must_agree(head: RunHead) -> dict[str, Any]:
    """All that a number hangs on. What is made of the numbers afterwards can be made anew at any time."""
    digests = {key: digest for key, digest in head.digests.items() if key != "deriving"}
    return {**head.fingerprint.identity, **digests}


def _block(part: Part, place: int) -> Iterator[Outcome]:
    """The block at that place of the schedule, unless it was finished before, or there is none."""
    finished = {outcome.block for outcome in part.done.finished}
    for planned in part.done.head.schedule[place : place + 1]:
        if planned.index not in finished:
            play_it = _open_loop if planned.kind == "open loop" else _closed_loop
            yield from play_it(part, planned)


def _closed_loop(part: Part, planned: BlockPlan) -> Iterator[Outcome]:
    return block.play(part.field, planned, part.attempt)


def _open_loop(part: Part, planned: BlockPlan) -> Iterator[Outcome]:
    """Its rates follow from the slices, which are all done by now; without any there are none, and no block."""
    capacity_per_s = capacity.slowest_per_s(store.read(part.folder))
    if capacity_per_s is not None:
        yield from block.play(part.field, _paced(planned, capacity_per_s), part.attempt)


def _paced(planned: BlockPlan, capacity_per_s: float) -> BlockPlan:
    """With rates for its shares: the same for all contenders, and the same in every block."""
    turns = (
        turn if turn.share is None else turn.model_copy(update={"rate_per_s": turn.share * capacity_per_s})
        for turn in planned.turns
    )
    return planned.model_copy(update={"turns": tuple(turns)})


def said_of(outcome: Outcome) -> str:
    """An outcome in a few words, for progress."""
    if isinstance(outcome, ImportsOutcome | StartOutcome):
        return coldstart.said_of(outcome)
    return f"block {outcome.block + 1}{_said_in_block(outcome)}"


def _said_in_block(outcome: TurnOutcome | DuetOutcome | IdleOutcome | BlockOutcome) -> str:
    match outcome:
        case TurnOutcome(round=0):
            return f": warmed {outcome.contender}"
        case TurnOutcome(recording=Recording(paced=Paced() as paced)):
            return f", {paced.rate_per_s:,.0f} a second: {outcome.contender}"
        case DuetOutcome():
            return f", duet {outcome.round}: {outcome.contender} and {outcome.beside}"
        case TurnOutcome():
            return f", round {outcome.round}: {outcome.contender}"
        case IdleOutcome():
            return f", idle connections: {outcome.contender}"
        case BlockOutcome():
            return " done"
