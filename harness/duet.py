"""One duet: two contenders under load at the same time, on the same CPUs, and what each answer cost (METHOD.md 1).

The kernel alternates the two every few milliseconds, so both meet the same weather. Their CPU clocks are read at rest
before and after, so that all answers, and all CPU time that they took, lie in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from harness.errors import LaunchError
from harness.hosts.base import Server
from harness.model import DuetOutcome, DuetPart, Failure, Recording, Turn, Usage


def play(
    block: int, attempt: int, turn: Turn, servers: Sequence[Server], recordings: Iterator[Recording]
) -> DuetOutcome:
    """Load both, and say what each did. `servers` are those of `turn.contenders`, in their order."""
    began_s = time.monotonic()
    before = _usages(servers)
    heard = [next(recordings) for _ in servers]
    after = _usages(servers)
    return DuetOutcome(
        block=block,
        attempt=attempt,
        round=turn.round,
        contender=turn.contender,
        beside=turn.contenders[1],
        parts=_parts(heard, before, after),
        took_s=time.monotonic() - began_s,
        failure=next((one for one in (before, after) if isinstance(one, Failure)), None),
    )


def _parts(
    heard: Sequence[Recording], before: Sequence[Usage] | Failure, after: Sequence[Usage] | Failure
) -> dict[str, DuetPart]:
    if isinstance(before, Failure) or isinstance(after, Failure):
        return {}
    return {
        recording.contender: _part(recording, first, last)
        for recording, first, last in zip(heard, before, after, strict=True)
    }


def _usages(servers: Sequence[Server]) -> list[Usage] | Failure:
    try:
        return [server.usage() for server in servers]
    except LaunchError as error:
        return Failure(stage="duet", message=error.message, hint=error.hint)


def _part(recording: Recording, before: Usage, after: Usage) -> DuetPart:
    return DuetPart(
        answered=recording.answered,
        cpu_s=after.cpu_s - before.cpu_s,
        loaded_s=recording.duration_s + recording.drain_s,
        is_whole=_identities(before) == _identities(after) and not _went_wrong(recording),
    )


def _went_wrong(recording: Recording) -> bool:
    return any(recording.errors.values()) or recording.ran_out is not None


def _identities(usage: Usage) -> set[tuple[int, float]]:
    return {(process.pid, process.started_at) for process in usage.processes}
