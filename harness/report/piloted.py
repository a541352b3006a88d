"""What a pilot says, as a page: how noisy, how dear, and so how the next run is best cut."""

from __future__ import annotations

from harness.pilot import Pilot, Spread
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.page import Page
from harness.report.tables import Head, Table
from harness.stats.designs import Design


def page(pilot: Pilot) -> Page:
    """Tables of designs, of noise and of costs, and how far they can be trusted."""
    said = _WORDS.format(windows=pilot.piloted.windows)
    parts = (_designs(pilot), _next(pilot), _doubt(pilot), _noise(pilot), said, _costs(pilot))
    return Page(f"Pilot: {', '.join(pilot.runs)}", parts)


_WORDS = (
    "Percent are standard deviations of the logarithm of the ratio. A block's value is the 20 % trimmed mean of "
    "{windows} pairs of slices. 0 between blocks: the slices alone explain how the blocks' values spread."
)


def _next(pilot: Pilot) -> str:
    cut = f"--blocks {pilot.wanted.blocks} --rounds {pilot.wanted.windows}"
    return f"The next run, at its cheapest: {cut}. Its time is that of the blocks; cold starts come on top."


def _doubt(pilot: Pilot) -> str:
    times = f"{pilot.known_low:.2f} to {pilot.known_high:.2f} times"
    return f"So few blocks tell the noise only so well: the true half-widths may be {times} these (95 %), this hour."


def _designs(pilot: Pilot) -> Table:
    rows = [("as the pilot was", pilot.piloted), ("cheapest for the half-width", pilot.wanted)]
    if pilot.in_time:
        rows.append(("narrowest in the time", pilot.in_time))
    heads = (Head("design", "word"), Head("blocks"), Head("rounds"), Head("minutes"), Head("half-width"))
    return Table("Designs", heads, tuple(_design(*row) for row in rows), len(rows))


def _design(name: str, design: Design) -> tuple[Cell, ...]:
    minutes = Cell(f"{design.seconds / 60:.1f}")
    return Cell(name), Cell(str(design.blocks)), Cell(str(design.windows)), minutes, _half(design.half_width)


def _noise(pilot: Pilot) -> Table:
    heads = (
        Head("contender", "name"),
        Head("ratio"),
        Head("between slices\nof a block"),
        Head("left in a\nblock's value"),
        Head("between blocks\nbeyond that"),
        Head("half-width in\nthe cheapest design"),
    )
    lines = (*map(_spread, pilot.spreads), _spread(pilot.together))
    return Table(f"Noise of the ratios to {pilot.reference}", heads, lines, len(pilot.spreads))


def _spread(spread: Spread) -> tuple[Cell, ...]:
    return (
        Cell(spread.contender or NOTHING, "" if spread.contender else "(all together)"),
        Cell(NOTHING if spread.ratio is None else written.times(spread.ratio)),
        *(Cell(f"{100 * sd:.1f} %") for sd in (spread.window_sd, spread.within_sd, spread.between_sd)),
        _half(spread.half_width),
    )


def _costs(pilot: Pilot) -> Table:
    rows = [("a block's launches, checks, warm-ups, stops", pilot.costs.restart_s)]
    rows += [("a round: a slice of each", pilot.costs.window_s)]
    rows += [(f"a slice of {label}", seconds) for label, seconds in sorted(pilot.slice_s.items())]
    lines = tuple((Cell(name), Cell(written.duration(seconds))) for name, seconds in rows)
    return Table("Costs", (Head("what", "word"), Head("takes")), lines, len(lines))


def _half(share: float) -> Cell:
    return Cell(f"± {100 * share:.1f} %")
