"""Reasons to doubt the server: wrong answers, dead workers, a throttled tree; and how evenly its workers shared."""

from __future__ import annotations

from collections import Counter
from statistics import median

from harness.guards.evidence import Evidence, Finding, cpu_by_process, identities
from harness.model import ErrorCause, ServerOutcome, Usage, Verdict
from harness.stats.slices import is_clean, is_silent

UNEVEN = 1.5  # times a worker's share (calibrate)
BARREN = 0.1  # of all slices (calibrate)


def right_answers(seen: Evidence) -> Finding:
    """Any wrong or missing answer, warm-ups included, and any failure: the number says nothing."""
    errors = _errors(seen)
    failures = seen.failures
    bad_turns = sum(not is_clean(turn) and not is_silent(turn) for turn in seen.turns)
    if errors or failures or bad_turns:
        counts = (
            f"{errors.total():,} wrong answers, {bad_turns} of {len(seen.turns)} turns bad, {len(failures)} failures"
        )
        return Finding(f"{counts}{_causes(errors)}{_first(seen)}", Verdict.INVALID)
    if not seen.turns:
        return Finding("No turn of it stands in a finished block.", checked=False)
    answered = sum(turn.recording.answered for turn in seen.turns if turn.recording)
    lost = sum(turn.recording.asked_again for turn in seen.turns if turn.recording)
    if lost and seen.member.connections == "kept":
        said = f"{lost:,} of {answered:,} requests got no answer on a connection in use, and had to be asked again."
        return Finding(said, Verdict.INVALID)
    return Finding(f"All {answered:,} answers in {len(seen.turns)} turns were right.")


def served(seen: Evidence) -> Finding:
    """Somebody is served in every slice: one in which all were turned away is in no number, which so reads high."""
    if not seen.slices:
        return Finding("No slice of it stands in a finished block.", checked=False)
    refusals = seen.scenario.refusals
    barren = sum(slice_.served_per_s(refusals) == 0 for slice_ in seen.slices)
    said = f"In {barren} of {len(seen.slices)} slices nobody was served"
    said += "; they are in no number, which so reads high." if barren else "."
    return Finding(said, Verdict.UNSETTLED if barren > BARREN * len(seen.slices) else None)


def workers_alive(seen: Evidence) -> Finding:
    """The same processes, by id and start time, after the last slice as after the warm-up, and enough of them."""
    changed = sum(identities(warmed) != identities(ended) for warmed, ended in seen.usages)
    if changed:
        return Finding(f"Its processes were not the same at the end of {_blocks(seen, changed)}.", Verdict.INVALID)
    few = sum(len(warmed.processes) < seen.member.workers for warmed, _ in seen.usages)
    if few:
        said = f"There were fewer processes than its {seen.member.workers} workers in {_blocks(seen, few)}."
        return Finding(said, Verdict.INVALID)
    if not seen.usages or len(seen.usages) < len(seen.throughputs):
        return Finding(f"Its processes were read twice in only {_blocks(seen, len(seen.usages))}.", checked=False)
    return Finding(f"The same processes at the end as after the warm-up in all of {len(seen.usages)} blocks.")


def limits(seen: Evidence) -> Finding:
    """Whether the limits that were asked for held, by the kernel's own account; the CPUs, to the end of the block."""
    enforcements = [launched.enforcement for launched in seen.launches]
    if not enforcements:
        return Finding("What held of its limits was not read.", checked=False)
    mechanism = enforcements[0].mechanism
    held = sum(enforcement.enforced for enforcement in enforcements)
    if mechanism == "none" or not any(one.held.get("cpus") for one in enforcements):
        return Finding("Nothing here can hold servers to limits.", checked=False)
    moved = sum(map(_moved, seen.servers))
    if moved:
        said = f"At the end of {_blocks(seen, moved)} its processes could run on other CPUs than asked for."
        return Finding(said, Verdict.UNSETTLED)
    off = [one for one in enforcements if one.held.get("cpus") != sorted(one.asked.cpus)]
    free = [one for one in enforcements if one.asked.cpu_quota not in {None, one.held.get("cpu_quota")}]
    said = f"All that was asked for held at {held} of {len(enforcements)} launches, by {mechanism}"
    said += f"; the CPUs at {len(enforcements) - len(off)}"
    if free:
        said += f"; the quota of CPU time at {len(enforcements) - len(free)}"
    return Finding(f"{said}.", Verdict.UNSETTLED if off or free else None)


def throttling(seen: Evidence) -> Finding:
    """Any time taken from the tree by its limits, or any process killed for memory, while it was measured.

    Under a quota that was asked for, being throttled is what was asked for.
    """
    throttled = _increases(seen, "throttled")
    killed = _increases(seen, "oom_kills")
    if not throttled and not killed:
        return Finding("The kernel's counters of throttling and memory kills could not be read.", checked=False)
    wanted = any(one.enforcement.asked.cpu_quota is not None for one in seen.launches)
    times = f"{sum(throttled)} times{', as the quota wants,' if any(throttled) and wanted else ''}"
    said = f"It was throttled {times} and lost {sum(killed)} processes for memory"
    hampered = (any(throttled) and not wanted) or any(killed)
    return Finding(f"{said} in {len(seen.usages)} blocks.", Verdict.INVALID if hampered else None)


def worker_balance(seen: Evidence) -> Finding:
    """Said, not judged: CPU time of the busiest worker over its even share. The median block speaks.

    A master process uses next to nothing, so the workers are the busiest processes, as many as were asked for.
    """
    workers = seen.member.workers
    if workers == 1:
        return Finding("One worker: there is nothing to balance.")
    ratios = [ratio for warmed, ended in seen.usages if (ratio := _busiest(warmed, ended, workers)) is not None]
    if not ratios:
        return Finding("No CPU time of its workers was read.", checked=False)
    said = f"The busiest of {workers} workers did {median(ratios):.2f} times its even share"
    return Finding(f"{said}: {'uneven' if median(ratios) > UNEVEN else 'even enough'} (limit {UNEVEN}).")


def _errors(seen: Evidence) -> Counter[ErrorCause]:
    found: Counter[ErrorCause] = Counter()
    for turn in seen.turns:
        found.update(turn.recording.errors if turn.recording else {})
    return +found


def _causes(errors: Counter[ErrorCause]) -> str:
    return f" ({', '.join(f'{count:,} {cause}' for cause, count in sorted(errors.items()))})" if errors else ""


def _first(seen: Evidence) -> str:
    """What the first of it looked like, if anything was said."""
    said = [failure.message for failure in seen.failures]
    said += [turn.recording.first_error for turn in seen.turns if turn.recording and turn.recording.first_error]
    return f"; the first: {said[0]}" if said else "."


def _blocks(seen: Evidence, count: int) -> str:
    return f"{count} of {len(seen.servers)} blocks"


def _moved(server: ServerOutcome) -> bool:
    """Whether its processes may run elsewhere than at their launch. A run that does not tell has moved none."""
    if server.launched is None or server.ended is None or server.ended.cpus is None:
        return False
    return list(server.ended.cpus) != server.launched.enforcement.held.get("cpus")


def _increases(seen: Evidence, counter: str) -> list[int]:
    """By how much a counter grew in each block in which it was read twice."""
    pairs = [(getattr(warmed, counter), getattr(ended, counter)) for warmed, ended in seen.usages]
    return [after - before for before, after in pairs if before is not None and after is not None]


def _busiest(warmed: Usage, ended: Usage, workers: int) -> float | None:
    """The CPU time of the busiest worker over its even share; None where nothing was used."""
    used = cpu_by_process(warmed, ended)[:workers]
    return max(used) * workers / sum(used) if sum(used) > 0 else None
