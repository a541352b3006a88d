"""Reasons to doubt what duets say, and to doubt the slices where the two disagree (METHOD.md 1)."""

from __future__ import annotations

import math
from statistics import fmean

from harness.guards.evidence import Evidence, Finding, percent
from harness.model import Verdict
from harness.stats import duets
from harness.stats.estimates import may_claim, t_interval
from harness.stats.slices import log_ratios

SHARE = 0.02  # either side of a half, as a share of it (calibrate)
BUSY = 0.97  # of the servers' CPUs (calibrate)
DISAGREEMENT = 0.03  # either side of 1 (calibrate)

_NO_DUET = Finding("There was no duet of it.", checked=False)


def whole(seen: Evidence) -> Finding:
    """A duet that failed, or in which an answer was wrong or a process came or went, is not counted, and is said."""
    if not seen.duets:
        return _NO_DUET
    spoilt = sum(not duets.is_clean(duet) for duet in seen.duets)
    return Finding(f"{spoilt} of {len(seen.duets)} duets were spoilt.", Verdict.INVALID if spoilt else None)


def shares(seen: Evidence) -> Finding:
    """The kernel gave both the same share of the CPUs, mean over duets: else one met other weather than the other."""
    clean = [duet for duet in seen.duets if duets.is_clean(duet)]
    if not clean:
        return _NO_DUET
    share = fmean(map(duets.cpu_share, clean))
    said = f"It had {percent(share, 1)} of the CPU time of its duets (limit 50 % ± {percent(SHARE / 2)})."
    return Finding(said, Verdict.UNSETTLED if abs(2 * share - 1) > SHARE else None)


def busy(seen: Evidence) -> Finding:
    """The two kept the CPUs busy, mean over duets: where they wait for something else, CPU time is not what limits."""
    clean = [duet for duet in seen.duets if duets.is_clean(duet)]
    if not clean:
        return _NO_DUET
    share = fmean(duets.busy(duet, seen.server_cpus) for duet in clean)
    said = f"The two used {percent(share, 1)} of the servers' CPUs in its duets (limit {percent(BUSY)})."
    return Finding(said, Verdict.UNSETTLED if share < BUSY else None)


def agreement(seen: Evidence) -> Finding:
    """The ratio by slices over that by duet, paired by block: doubtful if its 99 % interval lies outside 1 ± 3 %."""
    if any(guard(seen).gives or not guard(seen).checked for guard in (whole, shares, busy)):
        return Finding("Its duets do not say what a request costs.", checked=False)
    logs = list(differences(seen).values())
    if not logs or not may_claim(logs):
        return Finding("Slices and duets stand side by side in too few blocks.", checked=False)
    low, high = map(math.exp, t_interval(logs, 0.99))
    said = (
        f"Its ratio by slices is between {low:.3f} and {high:.3f} times its ratio by duet (limit 1 ± {DISAGREEMENT})."
    )
    return Finding(said, Verdict.UNSETTLED if low > 1 + DISAGREEMENT or high < 1 - DISAGREEMENT else None)


def differences(seen: Evidence) -> dict[int, float]:
    """Log ratio by slices less log ratio by duet, of each block that has both."""
    by_slices, by_duet = log_ratios(seen.throughputs, seen.reference), duets.log_ratios(seen.duets)
    return {block: by_slices[block] - by_duet[block] for block in sorted(by_slices.keys() & by_duet.keys())}
