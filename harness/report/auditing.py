"""How the audit of a published table is shown: claim by claim, what they say, what we found, and how that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.audit import NEAR, WIDENED, Audit, Judged, Measure, Standing
from harness.report import escape
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.page import Page
from harness.report.tables import Head, Table

WORDS: Mapping[Standing, str] = {
    Standing.REPRODUCED: (
        f"a ratio lies in our 95 % interval, widened by {written.percent(WIDENED)}; an order is certain; an absolute "
        f"figure, on the same instance type, is within {written.percent(NEAR)} of ours; two scenarios are the SAME; an "
        "answer never came."
    ),
    Standing.ORDER_ONLY: "the ratio lies elsewhere, but certainly on the same side of 1.",
    Standing.NOT_REPRODUCED: "our run found otherwise.",
    Standing.UNDECIDED: "our run cannot tell, or what it measured is in doubt.",
    Standing.INCONSISTENT: "it contradicts its own table, or what follows from it.",
    Standing.OTHER_HOST: "an absolute figure that was measured on another machine than ours.",
    Standing.NOT_TESTED: "our run has nothing to decide it by.",
}
_HEADS = (Head("#"), Head("claim", "word"), Head("they say", "word"), Head("here", "word"), Head("verdict", "word"))
_FIGURES: Mapping[Measure, Callable[[float], str]] = {
    "throughput": lambda per_s: f"{written.rate(per_s)}/s",
    "latency": written.duration,
    "cold start": written.duration,
}


def page(audit: Audit) -> Page:
    """The table, and against what it was held."""
    title = escape.plain(f"What {audit.source} says, and what the run {audit.run} found")
    lines = tuple(_line(*numbered) for numbered in enumerate(audit.claims, 1))
    standings = {claim.standing for claim in audit.claims}
    return Page(
        title,
        (Table(title, _HEADS, lines, len(lines)),),
        remarks=tuple(_lines(audit)),
        words={standing.value: meaning for standing, meaning in WORDS.items() if standing in standings},
    )


def _line(number: int, claim: Judged) -> tuple[Cell, ...]:
    return (
        Cell(str(number)),
        Cell(claim.claim.says),
        Cell(_they_say(claim)),
        _here(claim),
        Cell(claim.standing),
    )


def _they_say(claim: Judged) -> str:
    """The figures; an order stands in the claim's own words."""
    if claim.claim.never is not None:
        return f"no {claim.claim.never}"
    if claim.claim.shape == "scenario ratio":
        return "the same"
    if claim.stated is None:
        return NOTHING
    show = written.times if claim.claim.shape == "ratio" else _FIGURES[claim.claim.measure]
    return " to ".join(dict.fromkeys(map(show, claim.stated)))


def _here(claim: Judged) -> Cell:
    if claim.claim.shape == "order":
        return Cell(", ".join(claim.order) or NOTHING)
    if claim.apart:
        one = next(iter(claim.apart.values()))
        return Cell(f"{one.answers:,}", f"of {one.of:,}")
    if claim.claim.shape in {"ratio", "scenario ratio"} and len(claim.measured) == 1:
        return written.ratio(claim.measured[0])
    show = written.times if claim.claim.shape == "ratio" else _FIGURES[claim.claim.measure]
    return Cell(" and ".join(show(one.value) for one in claim.measured) or NOTHING)


def _lines(audit: Audit) -> Iterator[str]:
    """A sentence of reason for each claim, those with the same one together; then what was held against what."""
    reasons: dict[str, list[str]] = {}
    for number, claim in enumerate(audit.claims, 1):
        reasons.setdefault(claim.because, []).append(str(number))
    yield from (f"{', '.join(numbers)}: {because}" for because, numbers in reasons.items())
    stand = ", ".join(f"{label} for {title}" for title, label in audit.contenders.items())
    yield f"Theirs: {audit.host}, {audit.connections} connections. Ours: the run {audit.run}, line-up {audit.lineup}."
    yield f"In it stand {stand or 'none of its rows'}. A ratio is the first one's figure over the other's."
    if audit.scenarios:
        runs = ", ".join(dict.fromkeys(audit.scenarios.values()))
        others = ", ".join(f"{label} for {title}" for title, label in audit.scenario_contenders.items())
        numbers = [str(number) for number, one in enumerate(audit.claims, 1) if one.claim.needs]
        where = f"the runs {runs}, each at its scenario's own connections"
        yield f"{', '.join(numbers)} rest on {where}; in them stand {others or 'none of its rows'}."
