"""What is kept of a turn: how it went, or at which stage it failed, and why. Pure."""

from __future__ import annotations

from typing import Any, Literal

from harness.engines.base import out_of_rows
from harness.errors import EngineError
from harness.model import BlockPlan, DuetOutcome, Failure, Recording, Turn, TurnOutcome


def outcome(
    block: BlockPlan, attempt: int, turn: Turn, recording: Recording, services_cpu_s: float | None
) -> TurnOutcome:
    """A turn of slices, warm-up or open loop, as it was recorded."""
    return TurnOutcome(
        block=block.index,
        attempt=attempt,
        contender=turn.contender,
        round=turn.round,
        recording=recording,
        services_cpu_s=services_cpu_s,
        failure=_failure(turn, recording),
    )


def cut_short(block: BlockPlan, attempt: int, turn: Turn, error: EngineError) -> TurnOutcome | DuetOutcome:
    """A turn in which a generator failed."""
    failure = Failure(stage=_stage(turn), message=error.message, hint=error.hint)
    where: dict[str, Any] = {"block": block.index, "attempt": attempt, "contender": turn.contender, "round": turn.round}
    if turn.beside:
        return DuetOutcome(**where, beside=turn.beside, failure=failure)
    return TurnOutcome(**where, failure=failure)


def _failure(turn: Turn, recording: Recording) -> Failure | None:
    said, hint = recording.first_error or "too few answers", ""
    if recording.ran_out:
        said, hint = out_of_rows(recording.ran_out)
    elif recording.counted:
        return None
    message = f"`{turn.contender}` could not be measured in round {turn.round}: {said}"
    return Failure(stage=_stage(turn), message=message, hint=hint)


def _stage(turn: Turn) -> Literal["warm", "slice", "duet", "open loop"]:
    if turn.round == 0:
        return "warm"
    if turn.beside:
        return "duet"
    return "slice" if turn.share is None else "open loop"
