"""How charts look: two themes, and one colour per contender in all charts.

The colours are Okabe and Ito's (jfly.uni-koeln.de/color), which colour-blind readers can tell apart, darkened or
lightened until each has a contrast of at least 4.5 to 1 against its background; names stand beside what they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.model import RunHead


class Theme(NamedTuple):
    """Colours of one theme. Contenders take those of `contenders` in turn, yardsticks share `yardstick`."""

    name: str
    background: str
    ink: str
    muted: str
    grid: str
    warning: str
    yardstick: str
    contenders: tuple[str, ...]


class Look(NamedTuple):
    """What stands for one contender in every chart."""

    color: str
    dashes: str | tuple[float, tuple[float, ...]]


LIGHT = Theme(
    name="light",
    background="#ffffff",
    ink="#1f2328",
    muted="#59636e",
    grid="#dde1e6",
    warning="#b42318",
    yardstick="#68707a",
    contenders=("#0069a8", "#bf4b00", "#007a5a", "#a3437f", "#7d6200", "#5a4fcf"),
)
DARK = Theme(
    name="dark",
    background="#0d1117",
    ink="#e6edf3",
    muted="#9aa4af",
    grid="#2b323b",
    warning="#ff8f87",
    yardstick="#8d97a3",
    contenders=("#5cb6ea", "#f5924f", "#35c79b", "#e08cc0", "#e9c349", "#a9a3ff"),
)
THEMES = (LIGHT, DARK)
_YARDSTICK_DASHES = ((0.0, (1.0, 1.5)), (0.0, (5.0, 2.0)), (0.0, (5.0, 2.0, 1.0, 2.0)), (0.0, (9.0, 3.0)))


def looks(head: RunHead, theme: Theme) -> Mapping[str, Look]:
    """The look of every member, by label, in the order of the run: the same in every chart of the run."""
    contenders = [member.label for member in head.members if member.role == "contender"]
    yardsticks = [member.label for member in head.members if member.role != "contender"]
    return {
        label: Look(theme.contenders[index % len(theme.contenders)], "-") for index, label in enumerate(contenders)
    } | {
        label: Look(theme.yardstick, _YARDSTICK_DASHES[index % len(_YARDSTICK_DASHES)])
        for index, label in enumerate(yardsticks)
    }


def settings(theme: Theme) -> dict[Any, Any]:
    """Matplotlib settings over its own defaults: whatever the user's file says, bytes are the same."""
    return {
        "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
        "font.size": 9.0,
        "text.parse_math": False,  # a dollar sign in a label is a dollar sign
        "text.color": theme.ink,
        "svg.fonttype": "path",  # a reader's machine need not have the font
        "svg.hashsalt": "rematch",  # identifiers are random without it
        "figure.facecolor": theme.background,
        "savefig.facecolor": theme.background,
        "axes.facecolor": theme.background,
        "axes.edgecolor": theme.grid,
        "axes.labelcolor": theme.muted,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.axisbelow": True,
        "grid.color": theme.grid,
        "grid.linewidth": 0.7,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.major.size": 0.0,
        "ytick.major.size": 0.0,
        "xtick.minor.size": 0.0,
        "ytick.minor.size": 0.0,
    }
