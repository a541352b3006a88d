"""How numbers are written: the only place with prefixes and rounding. Inside, everything is in SI base units."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import NamedTuple

from harness.model import Estimate

NOT_MEASURED = "not measured"
NOTHING = "—"
_PREFIXES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


class Cell(NamedTuple):
    """What stands in a cell: the number or word, and its interval or remark."""

    main: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.main} {self.note}".strip()


def requests_per_s(estimate: Estimate | None) -> Cell:
    """A throughput, thousands separated: `4,440 (4,380 to 4,510)`."""
    return _interval(estimate, 1.0)


def rate(per_s: float | None) -> str:
    """A throughput without its interval: `4,440`."""
    return NOT_MEASURED if per_s is None else number(per_s)


def ratio(estimate: Estimate | None) -> Cell:
    """A ratio: `0.52x (0.51 to 0.53)`. An interval that leaves 1 out is never rounded to one that ends there."""
    return _interval(estimate, 1.0, "x", apart=1.0)


def times(value: float | None) -> str:
    """A ratio without an interval: `0.126x`."""
    return NOT_MEASURED if value is None else f"{number(value)}x"


def start_duration(estimate: Estimate | None) -> Cell:
    """A duration with its interval, in the unit that suits its value: `452 ms (440 to 463)`."""
    scale, unit = _unit(estimate.value) if estimate else (1.0, "s")
    return _interval(estimate, scale, f" {unit}")


def duration(seconds: float | None) -> str:
    """Three significant digits in s, ms or µs: `22.1 ms`."""
    if seconds is None:
        return NOT_MEASURED
    scale, unit = _unit(seconds)
    return f"{number(seconds / scale)} {unit}"


def size(size_bytes: float | None) -> str:
    """Three significant digits with a decimal prefix: `58.3 MB`."""
    if size_bytes is None:
        return NOT_MEASURED
    scale, unit = next((pair for pair in _SIZES if size_bytes >= pair[0]), _SIZES[-1])
    return f"{number(size_bytes / scale)} {unit}"


def kibibytes(estimate: Estimate | None) -> Cell:
    """A size with its interval, in KiB, which the heading says: `38.2 (37.9 to 38.6)`."""
    return _interval(estimate, 1024.0)


def memory(size_bytes: int) -> str:
    """A limit on memory, which people set in binary units: `4 GiB`."""
    return f"{size_bytes / 2**30:g} GiB"


def dollars(amount: float | None) -> str:
    """Two significant digits, never rounded to nothing: `$0.0029`."""
    return NOT_MEASURED if amount is None else f"${_rounded(amount, _magnitude(amount) - 1)}"


def cpu_ms_per_1000(cpu_s_per_request: float | None) -> str:
    """CPU milliseconds per thousand requests: `221`."""
    return NOT_MEASURED if cpu_s_per_request is None else number(cpu_s_per_request * 1e6)


def percent(share: float | None) -> str:
    """Two significant digits: `2.1 %`."""
    return NOT_MEASURED if share is None else f"{_rounded(share * 100, _magnitude(share * 100) - 1)} %"


def per_request(share: float | None) -> str:
    """Events per request, two decimals: `1.00`."""
    return NOT_MEASURED if share is None else f"{share:.2f}"


def count(value: int | None) -> str:
    """A whole number: `1,200`."""
    return NOT_MEASURED if value is None else f"{value:,}"


def cannot(why: str) -> str:
    """What stands in place of all numbers of one that took no part: `cannot: WSGI has no WebSockets`."""
    return f"cannot: {why}"


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    return _rounded(value, _magnitude(value) - 2)


def date(timestamp: float) -> str:
    """The day in UTC, whatever the time zone and locale: `2026-11-22`."""
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def moment(timestamp: float) -> str:
    """Day and minute in UTC: `2026-11-22 08:30 UTC`."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"


def _interval(estimate: Estimate | None, scale: float, unit: str = "", *, apart: float | None = None) -> Cell:
    if estimate is None:
        return Cell(NOT_MEASURED)
    value = estimate.value / scale
    if estimate.low is None or estimate.high is None:
        return Cell(f"{number(value)}{unit}")
    low, high = estimate.low / scale, estimate.high / scale
    power = _last_digit(value, (high - low) / 2)
    while apart in {round(low, -power), round(high, -power)} and not low <= apart <= high:
        power -= 1
    return Cell(f"{_rounded(value, power)}{unit}", f"({_rounded(low, power)} to {_rounded(high, power)})")


def _last_digit(value: float, half_width: float) -> int:
    """The power of ten to round to: the first digit of the half-width, between two and four digits of the value."""
    wanted = _magnitude(half_width) if half_width else -math.inf
    return int(min(_magnitude(value) - 1, max(wanted, _magnitude(value) - 3)))


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _rounded(value: float, power: int) -> str:
    return f"{round(value, -power):,.{max(0, -power)}f}"


def _unit(seconds: float) -> tuple[float, str]:
    return next((pair for pair in _PREFIXES if abs(seconds) >= pair[0]), _PREFIXES[-1])
