"""Two contenders, or two runs, side by side: under which conditions, and what may be said of each ratio."""

from harness.compare.conditions import Difference, Differences, differences
from harness.compare.contrasts import Compared, Contrast, Part, Side, contrast
from harness.compare.pairs import Pair, pairs

__all__ = [
    "Compared",
    "Contrast",
    "Difference",
    "Differences",
    "Pair",
    "Part",
    "Side",
    "contrast",
    "differences",
    "pairs",
]
