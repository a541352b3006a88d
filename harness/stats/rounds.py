"""Decides whether slices depend on the age of their server: whether the same round is fast, or slow, in every block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import special

from harness.stats.slices import Throughputs

_FEWEST = 2  # blocks, and rounds, that can differ


class RoundEffect(NamedTuple):
    """How far each round lies from its block on the average, as log ratios, and how probable that is by chance."""

    logs: Mapping[int, float]
    probability: float

    @property
    def farthest(self) -> int:
        """The number of the round that lies farthest off."""
        return max(self.logs, key=lambda number: abs(self.logs[number]))


def round_effect(ours: Throughputs) -> RoundEffect | None:
    """The effect of the round on log throughput, blocks removed: analysis of variance in two ways (Fisher 1925).

    Only blocks that have a slice in every round count. None for fewer than two of these, or of rounds, or slices that
    do not differ.
    """
    rounds = sorted({number for slices in ours.values() for number in slices})
    whole = [[math.log(slices[one]) for one in rounds] for slices in ours.values() if slices.keys() == {*rounds}]
    if len(whole) < _FEWEST or len(rounds) < _FEWEST:
        return None
    logs = np.array(whole)
    logs -= logs.mean(axis=1, keepdims=True)
    effects = logs.mean(axis=0)
    between, within = len(rounds) - 1, (len(whole) - 1) * (len(rounds) - 1)
    unexplained = float(((logs - effects) ** 2).sum()) / within
    explained = len(whole) * float((effects**2).sum()) / between
    if not unexplained:
        return None
    probability = float(special.fdtrc(between, within, explained / unexplained))
    return RoundEffect(dict(zip(rounds, map(float, effects), strict=True)), probability)
