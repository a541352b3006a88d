"""What a pilot says, as a page: how noisy, how dear, and so how the next run is best cut."""

from __future__ import annotations

from collections.abc import Iterator

from harness.pilot import Cut, Pilot, Spread
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.page import Page
from harness.report.tables import Head, Table
from harness.stats.designs import Design


def page(pilot: Pilot) -> Page:
    """Tables of designs and of noise, by slices and by duets; of costs; and how far they can be trusted."""
    return Page(f"Pilot: {', '.join(pilot.runs)}", tuple(_parts(pilot)))


_WORDS = (
    "Percent are standard deviations of the logarithm of the ratio. A block's value is the 20 % trimmed mean of its "
    "windows: pairs of slices, or duets. 0 between blocks: the windows alone explain how the blocks' values spread."
)
_COSTS_WHAT = (
    "A design's time is that of its blocks: launches, warm-ups, and windows of its own kind only. What a run has "
    "beside these comes on top. Slices say what a user gets, duets what a request costs: they are not the same number."
)


def _parts(pilot: Pilot) -> Iterator[Table | str]:
    yield _designs("slices", pilot.slices)
    yield _next(pilot.slices, "--rounds")
    if pilot.duets:
        yield _designs("duets", pilot.duets)
        yield _next(pilot.duets, "--duets")
    yield _doubt(pilot)
    yield _noise("slices", pilot.slices, pilot.reference)
    if pilot.duets:
        yield _noise("duets", pilot.duets, pilot.reference)
    yield _WORDS
    yield _costs(pilot)
    yield _COSTS_WHAT


def _next(cut: Cut, option: str) -> str:
    return f"The next run, at its cheapest: --blocks {cut.wanted.blocks} {option} {cut.wanted.windows}."


def _doubt(pilot: Pilot) -> str:
    times = f"{pilot.known_low:.2f} to {pilot.known_high:.2f} times"
    return f"So few blocks tell the noise only so well: the true half-widths may be {times} these (95 %), this hour."


def _designs(kind: str, cut: Cut) -> Table:
    rows = [("as the pilot was", cut.piloted), ("cheapest for the half-width", cut.wanted)]
    if cut.in_time:
        rows.append(("narrowest in the time", cut.in_time))
    heads = (Head("design", "word"), Head("blocks"), Head(f"{kind}\nin a block"), Head("minutes"), Head("half-width"))
    return Table(f"Designs by {kind}", heads, tuple(_design(*row) for row in rows), len(rows))


def _design(name: str, design: Design) -> tuple[Cell, ...]:
    minutes = Cell(f"{design.seconds / 60:.1f}")
    return Cell(name), Cell(str(design.blocks)), Cell(str(design.windows)), minutes, _half(design.half_width)


def _noise(kind: str, cut: Cut, reference: str) -> Table:
    heads = (
        Head("contender", "name"),
        Head("ratio"),
        Head(f"between {kind}\nof a block"),
        Head("left in a\nblock's value"),
        Head("between blocks\nbeyond that"),
        Head("half-width in\nthe cheapest design"),
    )
    lines = (*map(_spread, cut.spreads), _spread(cut.together))
    return Table(f"Noise of the ratios to {reference}, by {kind}", heads, lines, len(cut.spreads))


def _spread(spread: Spread) -> tuple[Cell, ...]:
    return (
        Cell(spread.contender or NOTHING, "" if spread.contender else "(all together)"),
        Cell(NOTHING if spread.ratio is None else written.times(spread.ratio)),
        *(Cell(f"{100 * sd:.1f} %") for sd in (spread.window_sd, spread.within_sd, spread.between_sd)),
        _half(spread.half_width),
    )


def _costs(pilot: Pilot) -> Table:
    rows = [("a block's launches, checks, warm-ups, stops", pilot.slices.costs.restart_s)]
    rows += [("a round of slices: one of each", pilot.slices.costs.window_s)]
    rows += [("a round of duets: one of each with the reference", pilot.duets.costs.window_s)] if pilot.duets else []
    rows += [(f"a slice of {label}", seconds) for label, seconds in sorted(pilot.slice_s.items())]
    lines = tuple((Cell(name), Cell(written.duration(seconds))) for name, seconds in rows)
    return Table("Costs", (Head("what", "word"), Head("takes")), lines, len(lines))


def _half(share: float) -> Cell:
    return Cell(f"± {100 * share:.1f} %")
