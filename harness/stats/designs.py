"""Decides into how many blocks and windows a run is best cut, by the noise and by what a block and a window cost.

A window is anything that has a value and a block: a round of slices, or another kind of window with another cost.
"""

from __future__ import annotations

import math
from functools import lru_cache

from scipy import stats

from harness.errors import InputError
from harness.model import Value
from harness.stats.components import Noise
from harness.stats.estimates import FEWEST

FEWEST_SLICES = 5  # of which one is trimmed at either end: under that, one that went wrong moves its block
FEWEST_DUETS = 2  # nothing is trimmed of so few, nor needs it: both of a duet meet the same weather
_MOST_WINDOWS = 100
_MOST_BLOCKS = 1000
_BLOCKS = range(FEWEST, _MOST_BLOCKS + 1)


class Costs(Value):
    """Seconds: `window_s` of a window, `restart_s` of all else in a block: launches, checks, warm-ups, stops."""

    restart_s: float
    window_s: float

    def seconds(self, blocks: int, windows: int) -> float:
        """What so many blocks of so many windows cost."""
        return blocks * (self.restart_s + windows * self.window_s)


class Design(Value):
    """So many blocks of so many windows, what they cost, and the half-width to expect of the 95 % interval.

    `half_width` is a share of the ratio: 0.019 is +- 1.9 %.
    """

    blocks: int
    windows: int
    seconds: float
    half_width: float


def half_width(noise: Noise, blocks: int, windows: int) -> float:
    """The half-width to expect of the 95 % interval, as a share of the ratio: exp(t sqrt((B + W) / n)) - 1.

    t is Student's at n - 1 degrees of freedom for n blocks, B the variance between blocks, W that of the trimmed mean
    of the windows of one. Raises ValueError for fewer than two blocks.
    """
    if blocks < 2:  # noqa: PLR2004  # one block has no interval
        raise ValueError(f"{blocks} blocks where at least 2 are needed")
    return math.expm1(_t(blocks) * math.sqrt(noise.block(windows) / blocks))


def design(noise: Noise, costs: Costs, blocks: int, windows: int) -> Design:
    """What so many blocks of so many windows cost and promise."""
    return Design(
        blocks=blocks,
        windows=windows,
        seconds=costs.seconds(blocks, windows),
        half_width=half_width(noise, blocks, windows),
    )


def cheapest(noise: Noise, costs: Costs, wanted: float, fewest: int = FEWEST_SLICES) -> Design:
    """The design that costs least of those whose half-width is no wider than wanted. Raises InputError without any.

    `fewest`: windows that a block is to have.
    """
    enough = [(_enough_blocks(noise.block(windows), wanted), windows) for windows in _windows(fewest)]
    found = [design(noise, costs, blocks, windows) for blocks, windows in enough if blocks]
    if not found:
        raise InputError(
            f"no {_MOST_BLOCKS} blocks are enough for a half-width of {100 * wanted:g} %", "Ask for a wider one."
        )
    return min(found, key=lambda one: (one.seconds, one.half_width))


def best(noise: Noise, costs: Costs, seconds: float, fewest: int = FEWEST_SLICES) -> Design:
    """The design of the least half-width of those that cost at most so much. Raises InputError without any.

    `fewest`: windows that a block is to have.
    """
    room = [(min(_MOST_BLOCKS, int(seconds / costs.seconds(1, windows))), windows) for windows in _windows(fewest)]
    found = [design(noise, costs, blocks, windows) for blocks, windows in room if blocks >= FEWEST]
    if not found:
        raise InputError(
            f"{seconds:.0f} s are too few: no interval is claimed under {FEWEST} blocks of {fewest} windows",
            f"Those take {costs.seconds(FEWEST, fewest):.0f} s.",
        )
    return min(found, key=lambda one: (one.half_width, one.seconds))


def _windows(fewest: int) -> range:
    return range(fewest, _MOST_WINDOWS + 1)


def _enough_blocks(variance: float, wanted: float) -> int | None:
    """The fewest blocks of values of this variance whose half-width is at most the wanted; None: more than can be."""
    return next((blocks for blocks in _BLOCKS if math.expm1(_t(blocks) * math.sqrt(variance / blocks)) <= wanted), None)


@lru_cache(_MOST_BLOCKS)
def _t(blocks: int) -> float:
    return float(stats.t.ppf(0.975, blocks - 1))
