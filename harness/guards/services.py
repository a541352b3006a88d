"""Reasons to doubt what a contender did with the services: mails that never came, connections beyond its pools."""

from __future__ import annotations

from collections import Counter
from functools import partial

from harness import rendering
from harness.guards.evidence import Evidence, Finding
from harness.model import Recording, TurnOutcome, Verdict


def mails(seen: Evidence) -> Finding:
    """Every accepted sign-up is followed by its mail, at the latest when the contender is told to end.

    Those of the verification count as well. Who loses mails has not done its work, whatever it says of its speed.
    """
    promised, came = _promised(seen), _came(seen)
    if not promised:
        return Finding("No finished block says how many mails came.", checked=False)
    if not all(map(partial(_tells_apart, seen), seen.all_turns)):
        return Finding("How many of its answers accepted a sign-up was not counted.", checked=False)
    lost = promised - came  # block by block: a counter keeps no surplus
    if lost:
        said = f"{lost.total():,} of {promised.total():,} mails of accepted sign-ups never came"
        return Finding(f"{said}, in {len(lost)} of {len(promised)} blocks.", Verdict.INVALID)
    return Finding(f"All {promised.total():,} mails of accepted sign-ups came, by the time it had ended.")


def connections(seen: Evidence) -> Finding:
    """The pools of all its processes hold no more connections than they say, so that there are enough for everybody."""
    label = seen.member.label
    found = [(one.connections.get(label, 0), one.allowed_connections[label]) for one in seen.services.values()]
    if not found:
        return Finding("No finished block says how many database connections there were.", checked=False)
    most, allowed = max(found)
    said = f"Warm, it had at most {most} database connections, and its pools may hold {allowed}."
    return Finding(said, Verdict.INVALID if most > allowed else None)


def _promised(seen: Evidence) -> Counter[int]:
    """How many sign-ups were accepted in each block, when it was verified and in every turn."""
    asked = [request for request in seen.scenario.requests if request.promises_mail]
    verified = sum(len(rendering.for_verifying(request, seen.seed)) for request in asked)
    found = Counter(dict.fromkeys(seen.services, verified))
    for turn in seen.all_turns:
        if turn.block in found and turn.recording:
            found[turn.block] += _accepted(seen, turn.recording)
    return found


def _accepted(seen: Evidence, recording: Recording) -> int:
    """How many of its answers accepted a sign-up."""
    first, *others = seen.scenario.load
    only = {first.name: recording.answered - sum(recording.alternatives.values())}
    answered = recording.by_request if others else only
    return sum(answered.get(request.name, 0) for request in (first, *others) if request.promises_mail)


def _tells_apart(seen: Evidence, turn: TurnOutcome) -> bool:
    """Whether the engine counted a turn's answers by request, where there are several."""
    recording = turn.recording
    return len(seen.scenario.load) == 1 or recording is None or not recording.answered or bool(recording.by_request)


def _came(seen: Evidence) -> Counter[int]:
    return Counter({block: one.mails.get(seen.member.label, 0) for block, one in seen.services.items()})
