"""The sheet that a chart is drawn on: title, how to read it, axes, and where the numbers come from; and its bytes."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from harness.model import RunHead
from harness.report import escape, origin
from harness.report.theme import Look, Theme, looks, settings

WIDTH_IN = 8.0
NAME_CHARACTERS = 26
_LINE_CHARACTERS = 132
_LINE_IN = 0.155
_SIDE_IN = 0.2
_PNG_DPI = 200


class Sheet(NamedTuple):
    """A figure with its axes, and how its contenders look."""

    figure: Figure
    axes: tuple[Axes, ...]
    theme: Theme
    looks: Mapping[str, Look]


class Words(NamedTuple):
    """A chart's title and one or two sentences on how to read it."""

    title: str
    reading: str


class Margins(NamedTuple):
    """Room beside and below the axes, in inches."""

    left: float
    right: float
    below: float = 0.45


@contextmanager
def drawing(theme: Theme) -> Iterator[None]:
    """Matplotlib's defaults and ours, nothing of the user's; a character that the font lacks is drawn as a box."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(settings(theme))
        yield


def sheet(
    head: RunHead,
    theme: Theme,
    words: Words,
    margins: Margins,
    height_in: float,
    panels: int = 1,
    circumstances: str = "",
) -> Sheet:
    """An empty sheet whose axes are `height_in` high in all; `circumstances` are those of several runs."""
    above = _wrapped(words.reading)
    below = [*_wrapped(circumstances or origin.circumstances(head)), *_wrapped(origin.versions(head))]
    above_in = 0.5 + 0.25 * head.plan.quick + _LINE_IN * len(above) + 0.15
    below_in = margins.below + _LINE_IN * len(below) + 0.1
    figure = Figure(figsize=(WIDTH_IN, above_in + height_in + below_in))
    FigureCanvasAgg(figure)
    _write(figure, theme, words.title, above, below, quick=head.plan.quick)
    total = figure.get_figheight()
    grid = figure.add_gridspec(
        panels,
        1,
        left=margins.left / WIDTH_IN,
        right=1 - margins.right / WIDTH_IN,
        bottom=below_in / total,
        top=1 - above_in / total,
        hspace=0.18,
    )
    axes = tuple(figure.add_subplot(grid[index, 0]) for index in range(panels))
    return Sheet(figure, axes, theme, looks(head, theme))


def name(label: str) -> str:
    """A label in at most two lines; of a longer one the middle is left out."""
    shown = _shortened(label, 2 * NAME_CHARACTERS)
    return f"{shown[:NAME_CHARACTERS]}\n{shown[NAME_CHARACTERS:]}".strip()


def short_name(label: str) -> str:
    """A label in one line; of a long one the middle is left out."""
    return _shortened(label, NAME_CHARACTERS)


def name_width_in(labels: list[str]) -> float:
    """Room in inches for the longest line of these labels."""
    longest = max((len(line) for label in labels for line in name(label).split("\n")), default=0)
    return _SIDE_IN + 0.15 + 0.082 * longest


def svg(sheet: Sheet) -> bytes:
    """The sheet as SVG, without a date."""
    return _saved(sheet, "svg", {"Date": None, "Creator": None})


def png(sheet: Sheet) -> bytes:
    """The sheet as PNG, 1,600 pixels wide."""
    return _saved(sheet, "png", {"Software": None})


def _saved(sheet: Sheet, kind: str, metadata: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    sheet.figure.savefig(file, format=kind, dpi=_PNG_DPI, metadata=dict(metadata))
    return file.getvalue()


def _write(figure: Figure, theme: Theme, title: str, above: list[str], below: list[str], *, quick: bool) -> None:
    height, left = figure.get_figheight(), _SIDE_IN / WIDTH_IN
    top = height - 0.15
    if quick:
        warning = "QUICK RUN: shows nothing about any contender"
        figure.text(left, top / height, warning, va="top", weight="bold", color=theme.warning)
        top -= 0.25
    figure.text(left, top / height, title, va="top", size=13, weight="bold")
    small: dict[str, Any] = {"size": 8, "color": theme.muted, "linespacing": 1.3}
    figure.text(left, (top - 0.3) / height, "\n".join(above), va="top", **small)
    figure.text(left, 0.1 / height, "\n".join(below), va="bottom", **small)


def _shortened(label: str, characters: int) -> str:
    shown = escape.plain(label)
    half = characters // 2
    return shown if len(shown) <= characters else f"{shown[: half - 1]}…{shown[-half:]}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _LINE_CHARACTERS, break_on_hyphens=False)
