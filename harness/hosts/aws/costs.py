"""What the machines cost: said before they are made, and of whatever is left of them. Pure.

On-demand list prices of us-east-1, Linux, in USD, as read in November 2026. Other regions are up to two fifths dearer.
"""

from __future__ import annotations

from collections.abc import Sequence

HOURLY = {"t3.medium": 0.0416, "c6i.xlarge": 0.17}
_ADDRESS_HOURLY = 0.005
_DISK_HOURLY = 16 * 0.08 / 730  # 16 GiB of gp3, priced by the month
_SURPLUS_HOURLY = 0.05 * 2  # both CPUs busy, no credit left


def hourly(types: Sequence[str]) -> float | None:
    """What machines of these types cost in an hour, with disks and addresses; None where one's price is not known."""
    known = [HOURLY[one] + _ADDRESS_HOURLY + _DISK_HOURLY for one in types if one in HOURLY]
    return sum(known) if len(known) == len(types) else None


def in_words(types: Sequence[str], hours: float) -> str:
    """One sentence about so many hours at the most: `types` without any that is burstable has no surplus."""
    price = hourly(types)
    machines = " and ".join(types)
    if price is None:
        return f"{machines} for at most {hours:g} h: what an hour costs is not known here; look at aws.amazon.com/ec2."
    surplus = sum(one.startswith("t") for one in types) * _SURPLUS_HOURLY
    said = f"{machines}: {price:.2f} USD an hour (list prices of us-east-1), {price * hours:.2f} in {hours:g} h at most"
    return f"{said}; busy without credits up to {surplus:.2f} an hour more." if surplus else f"{said}."
