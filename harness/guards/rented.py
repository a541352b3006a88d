"""Reasons to doubt a rented machine: its network allowances and its credits, before and after every block."""

from __future__ import annotations

from collections import Counter

from harness.guards.evidence import Finding
from harness.model import ResultSet, Verdict

AMAZON = "Amazon EC2"  # what its firmware tells of its maker


def is_rented(run: ResultSet) -> bool:
    """Whether it was measured on a machine of AWS, or its load came from one, by those machines' own account."""
    identity = run.head.fingerprint.identity
    return any(one.get("hypervisor") == AMAZON for one in (identity, *identity.get("load_hosts", ())))


def allowances(run: ResultSet) -> Finding:
    """Packets held up or dropped because an allowance was exceeded: then the network was measured, not the server."""
    pairs = [(block.machine_before.exceeded, block.machine_after.exceeded) for block in run.blocks]
    grown: Counter[str] = Counter()
    for before, after in pairs:
        if before is None or after is None:
            return Finding("How often network allowances were exceeded could not be read.", checked=False)
        grown.update({name: count - before.get(name, 0) for name, count in after.items()})
    if not pairs:
        return Finding("No block was finished.", checked=False)
    over = ", ".join(f"{count:,} for {name}" for name, count in sorted((+grown).items()))
    if over:
        return Finding(f"Packets were held up or dropped, a network allowance being exceeded: {over}.", Verdict.INVALID)
    return Finding(f"No network allowance was exceeded in {len(pairs)} blocks.")


def cpu_credits(run: ResultSet) -> Finding:
    """Said, not judged: with unlimited credits nothing is withheld when they are gone, it is borrowed and paid for."""
    found = [one.credits for block in run.blocks for one in (block.machine_before, block.machine_after)]
    known = [one for one in found if one is not None]
    if not known:
        return Finding("AWS told no balance of credits.", checked=False)
    borrowed = max(one.surplus or 0.0 for one in known)
    said = (
        f"CPU credits went from {known[0].balance:.0f} to {known[-1].balance:.0f}; borrowed were {borrowed:.0f} at most"
    )
    return Finding(f"{said}, and nothing is withheld for want of them.")
