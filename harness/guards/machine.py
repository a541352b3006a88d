"""Reasons to doubt the machine and the run: others were at work, the numbers drift, or there are too few of them.

Steal and foreign CPU are judged by their mean over blocks: a block is the unit of replication and the result is a mean
over blocks, so a disturbance counts as it counts there. One spoilt block of many widens the interval by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean

from harness.guards.evidence import Evidence, Finding, percent
from harness.model import MachineReading, ResultSet, Verdict
from harness.stats.estimates import FEWEST, may_claim, trend_interval
from harness.stats.rounds import round_effect
from harness.stats.slices import log_ratios

STEAL = 0.02  # of the CPU time wanted (calibrate)
FOREIGN_CPU = 0.15  # cores (calibrate)
DRIFT = 0.03  # either side of 1, over the run (calibrate)
AGE = 0.03  # of throughput (calibrate)
BY_CHANCE = 0.001  # in a matrix some hundred numbers are looked at (calibrate)


def spoilers(before: MachineReading, after: MachineReading) -> tuple[str, ...]:
    """What of an idle spell between two readings would spoil a run, one sentence each."""
    stolen, foreign = _steal_share(before, after), _foreign_cores(before, after)
    said = []
    if stolen is not None and stolen > STEAL:
        said.append(f"The hypervisor takes {percent(stolen, 1)} of the CPU time wanted (limit {percent(STEAL)}).")
    if foreign is not None and foreign > FOREIGN_CPU:
        said.append(f"Other programs use {foreign:.2f} cores (limit {FOREIGN_CPU}).")
    return tuple(said)


def own_core(run: ResultSet) -> Finding:
    """A generator on the servers' core takes from them what it uses."""
    if run.head.placement.owns_core:
        return Finding("The generator shares no core with the servers.")
    return Finding("The generator shares a core with the servers, and takes from them.", Verdict.CLIENT_BOUND)


def steal(run: ResultSet) -> Finding:
    """CPU time that the hypervisor kept, of all that was wanted, mean over blocks."""
    said = "The hypervisor kept {mean} of the CPU time wanted (limit {limit}); worst block {worst}."
    return _over_blocks(run, _steal_share, STEAL, said, lambda share: percent(share, 1))


def foreign_cpu(run: ResultSet) -> Finding:
    """CPU time of processes that are not ours, in cores, mean over blocks."""
    said = "Other programs used {mean} cores (limit {limit}); worst block {worst}."
    return _over_blocks(run, _foreign_cores, FOREIGN_CPU, said, "{:.2f}".format)


def quick_run(run: ResultSet) -> Finding:
    """A quick run only shows that everything works."""
    if run.head.plan.quick:
        return Finding("A quick run shows nothing about the contenders.", Verdict.UNSETTLED)
    return Finding("This was no quick run.")


def enough_blocks(seen: Evidence) -> Finding:
    """No interval is claimed over few blocks, so nothing can be settled by them."""
    said = f"Measured in {len(seen.throughputs)} blocks; an interval is claimed from {FEWEST} on."
    return Finding(said, Verdict.UNSETTLED if len(seen.throughputs) < FEWEST else None)


def steady(seen: Evidence) -> Finding:
    """The trend over the run of throughput over `control`'s: unsteady if its 95 % interval lies outside 1 ± 3 %."""
    if seen.member.role == "control":
        return Finding("It is the yardstick: the others' trends are taken over it.")
    found = log_ratios(seen.throughputs, seen.control)
    logs = list(found.values())
    if not logs or not may_claim(logs):
        return Finding(f"A trend over control needs {FEWEST} blocks; there are {len(logs)}.", checked=False)
    low, high = map(math.exp, trend_interval(list(found), logs, 0.95))
    said = f"Over the run its throughput over control's went to between {low:.3f} and {high:.3f} times the first."
    return Finding(said, Verdict.UNSETTLED if low > 1 + DRIFT or high < 1 - DRIFT else None)


def ages(seen: Evidence) -> Finding:
    """A round that is fast or slow in every block: what recurs with the age of the server's process falls into it.

    Blocks are no independent samples of that, so no interval shows it. Such are collections of garbage, which come
    after a number of requests.
    """
    effect = round_effect(seen.throughputs)
    if effect is None:
        return Finding("It takes two blocks with a slice in each of two rounds or more.", checked=False)
    off = math.expm1(effect.logs[effect.farthest])
    said = f"Round {effect.farthest} lies farthest from its blocks, by {100 * off:+.1f} %; by chance so with p = "
    said += f"{effect.probability:.2g} (limits {percent(AGE)} and p = {BY_CHANCE})."
    return Finding(said, Verdict.UNSETTLED if abs(off) > AGE and effect.probability < BY_CHANCE else None)


def _over_blocks(
    run: ResultSet,
    measure: Callable[[MachineReading, MachineReading], float | None],
    limit: float,
    said: str,
    show: Callable[[float], str],
) -> Finding:
    found = [measure(block.machine_before, block.machine_after) for block in run.blocks]
    known = [value for value in found if value is not None]
    if not known:
        return Finding("It could not be read here.", checked=False)
    evidence = said.format(mean=show(fmean(known)), worst=show(max(known)), limit=show(limit))
    return Finding(evidence, Verdict.UNSETTLED if fmean(known) > limit else None)


def _steal_share(before: MachineReading, after: MachineReading) -> float | None:
    """Steal over steal and work; over the time of one core at least, or a resting machine would look robbed."""
    stolen_s, busy_s = _grown(before.steal_s, after.steal_s), _grown(before.busy_s, after.busy_s)
    elapsed_s = after.monotonic_s - before.monotonic_s
    if stolen_s is None or busy_s is None or elapsed_s <= 0:
        return None
    return stolen_s / max(stolen_s + busy_s, elapsed_s)


def _foreign_cores(before: MachineReading, after: MachineReading) -> float | None:
    busy_s, own_s = _grown(before.busy_s, after.busy_s), _grown(before.own_s, after.own_s)
    elapsed_s = after.monotonic_s - before.monotonic_s
    if busy_s is None or own_s is None or elapsed_s <= 0:
        return None
    return max(0.0, (busy_s - own_s) / elapsed_s)


def _grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
