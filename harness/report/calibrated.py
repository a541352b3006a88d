"""What a ledger of trials says, as a page: how often the program errs, and what each of these counts can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.calibration import Calibration, Rates, Share, Tally
from harness.model import Call
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.page import Page
from harness.report.tables import Head, Table

_ABOUT = {
    "same": "same: one app against itself, so every difference that is called is false.",
    "slower5": "slower5: control against a control that does about 5 % more work per request.",
    "slower10": "slower10: control against a control that does about 10 % more work per request.",
}
_BY = (
    "Each trial is judged twice: by its duets, of which it is mostly made, and by the few slices beside them. A run "
    "has more slices, and so finds more by them than these trials do."
)
_RATES = (
    "wrong: FASTER or SLOWER called of the same app, or FASTER of the slower one; in brackets what rate so many trials "
    "do not exclude (Clopper and Pearson, exact, one-sided, 95 %). Settled: no guard doubts it. found: SLOWER "
    "called of the slower one; interval holds 1: the printed 95 % interval of the same app does; both with their exact "
    "two-sided 95 % intervals. Failed and aborted trials are in none of these, but in the table of trials."
)
_FLIPS = (
    "random signs: the log ratios of the blocks of each trial of the same app, given signs at random: how often the "
    "rule then calls a difference; it is meant to be 1 %. Under no difference each sign is as likely as the other, so "
    "this shows whether the rule keeps what it promises on noise of the real shape: heavy tails, a few odd blocks. It "
    "cannot show a bias for one side, nor blocks that follow each other (drift): random signs undo both. And the flips "
    "of a trial are not new trials: all share its sizes, so no bound is given that would count them as such. Only the "
    "wrong calls count real trials."
)


def page(calibration: Calibration) -> Page:
    """Tables of trials, of calls and of rates, each with what it means."""
    return Page("Trials of known answer", tuple(_parts(calibration)))


def _parts(calibration: Calibration) -> Iterator[Table | str]:
    if not calibration.tallies:
        yield "The ledger has no trial yet. Make some: ./bench calibrate"
    else:
        yield _trials(calibration)
        yield " ".join(_ABOUT[kind] for kind in dict.fromkeys(tally.kind for tally in calibration.tallies))
        yield _calls(calibration)
        yield _BY
        yield _rates(calibration)
        yield _RATES
        if any(one.flipped is not None for tally in calibration.tallies for one in tally.rates):
            yield _FLIPS
        yield f"Made by the code {calibration.code}, on {_machines(calibration)}."
    for older in calibration.older:
        yield f"Not counted: {older.trials} trials ({older.finished} finished) of the older code {older.code}."
    if calibration.torn:
        yield f"{calibration.torn} lines were cut off while they were written, and are left out."


def _trials(calibration: Calibration) -> Table:
    heads = (*_NAMES, *map(Head, ("trials", "finished", "aborted", "failed", "time of\none")))
    return _table("Trials", heads, [_trial(tally) for tally in calibration.tallies])


def _trial(tally: Tally) -> tuple[Cell, ...]:
    counts = (tally.trials, tally.finished, tally.aborted, tally.failed)
    return (
        *_names(tally),
        *(Cell(written.count(count)) for count in counts),
        Cell(NOTHING if tally.seconds is None else written.duration(tally.seconds)),
    )


def _calls(calibration: Calibration) -> Table:
    headings = ("trials", "settled", "median\nratio", "median\nhalf-width", *(call.value for call in Call))
    return _table("What was called", (*_NAMES, _BY_HEAD, *map(Head, headings)), _each(calibration, _called))


def _called(one: Rates) -> tuple[Cell, ...]:
    return (
        Cell(written.count(one.judged)),
        Cell(written.count(one.settled)),
        Cell(NOTHING if one.ratio is None else f"{one.ratio:.3f}x"),
        Cell(NOTHING if one.half_width is None else f"± {_percent(one.half_width)} %"),
        *(Cell(written.count(one.called[call])) for call in Call),
    )


def _rates(calibration: Calibration) -> Table:
    headings = ("wrong", "wrong,\nsettled", "found", "interval\nholds 1", "random\nsigns")
    return _table("How often it errs", (*_NAMES, _BY_HEAD, *map(Head, headings)), _each(calibration, _rate))


def _rate(one: Rates) -> tuple[Cell, ...]:
    return (
        _at_most(one.wrong),
        _at_most(one.wrong_settled),
        _between(one.found),
        _between(one.covered),
        Cell(NOTHING if one.flipped is None else f"{100 * one.flipped:.2f} %"),
    )


def _each(calibration: Calibration, cells: Callable[[Rates], tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """A line for each estimator of each tally."""
    return [(*_names(tally), Cell(one.by), *cells(one)) for tally in calibration.tallies for one in tally.rates]


_BY_HEAD = Head("by", "word")
_NAMES = (Head("kind", "word"), Head("compared", "name"))


def _names(tally: Tally) -> tuple[Cell, Cell]:
    return Cell(tally.kind), Cell(tally.compared or NOTHING, "" if tally.compared else "(all of the kind)")


def _table(title: str, heads: tuple[Head, ...], lines: list[tuple[Cell, ...]]) -> Table:
    return Table(title, heads, tuple(lines), len(lines))


def _at_most(share: Share) -> Cell:
    return Cell(_of(share), "" if share.high is None else f"(at most {_percent(share.high)} %)")


def _between(share: Share | None) -> Cell:
    if share is None:
        return Cell(NOTHING)
    known = share.low is not None and share.high is not None
    return Cell(_of(share), f"({_percent(share.low)} to {_percent(share.high)} %)" if known else "")


def _of(share: Share) -> str:
    return f"{share.count} of {share.of}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _machines(calibration: Calibration) -> str:
    names = ", ".join(f"{machine} ({cpu or 'CPU not known'})" for machine, cpu in calibration.machines.items())
    return (
        f"the machine {names}" if len(calibration.machines) == 1 else f"{len(calibration.machines)} machines: {names}"
    )
