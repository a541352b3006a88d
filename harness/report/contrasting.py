"""How a comparison of two runs, or of two contenders of one, is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from harness.compare import Compared, Contrast, Difference
from harness.model import Call, Comparison, Verdict
from harness.report import caveats, escape
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.page import Page
from harness.report.tables import Head, Table

_WITHIN = ("B / A: requests per second, paired slice by slice within the blocks of the run, with a 95 % interval.",)
_BETWEEN = (
    "B / A: requests per second; blocks of two runs share nothing: a 95 % interval of independent samples (Welch).",
    "B / A over control's: the same with each run's throughput taken over control's in the same blocks.",
    "That takes out the machine's state as far as control shares it: two runs are two occasions.",
    "FASTER, SLOWER or SAME is said only where both ratios say it (Holm over the contenders).",
)


def page(contrast: Contrast) -> Page:
    """The table, a sentence for each pair, how the ratios were made, and what else differs."""
    table = _table(contrast)
    return Page(
        table.title,
        (table,),
        remarks=tuple(_lines(contrast)),
        words=dict(caveats.glossary(_used(contrast))),
        warning=_warning(contrast),
    )


def different(differences: tuple[Difference, ...]) -> str:
    """What differs, as in: kernel: "6.1" in A, "6.2" in B; ..."""
    return "; ".join(f"{one.what}: {_shown(one.first)} in A, {_shown(one.second)} in B" for one in differences)


def _table(contrast: Contrast) -> Table:
    columns = _COLUMNS if contrast.paired else (*_COLUMNS[:4], _OVER_CONTROL, *_COLUMNS[4:])
    lines = tuple(tuple(cell(pair) for _, cell in columns) for pair in contrast.pairs)
    contenders = sum(not pair.is_yardstick for pair in contrast.pairs)
    return Table(escape.plain(_title(contrast)), tuple(head for head, _ in columns), lines, contenders)


def _title(contrast: Contrast) -> str:
    if contrast.paired:
        (pair,) = contrast.pairs
        return f"Of the run {contrast.first}: A is {pair.first.label}, B is {pair.second.label}"
    return f"A is {contrast.first}, B is {contrast.second}"


def _name(pair: Compared) -> str:
    ours, theirs = pair.first.label, pair.second.label
    return ours if ours == theirs else f"{theirs} / {ours}"


def _ratio(comparison: Comparison | None) -> Cell:
    return written.ratio(comparison.ratio) if comparison else Cell(NOTHING)


def _times(value: float | None) -> Cell:
    return Cell(NOTHING if value is None else written.times(value))


def _lines(contrast: Contrast) -> Iterator[str]:
    for pair in contrast.pairs:
        if not pair.is_yardstick:
            yield f"{_name(pair)}: {_call(pair)}{pair.because}{_detectable(pair)}"
    yield from _WITHIN if contrast.paired else _BETWEEN
    if contrast.differences.others:
        yield f"What else differs: {different(contrast.differences.others)}."


def _call(pair: Compared) -> str:
    if pair.call is None:
        return ""
    within = pair.call in {Call.FASTER, Call.SLOWER} and pair.ratio and pair.ratio.within_margin
    return f"{pair.call}{' (within the margin)' if within else ''}. "


def _detectable(pair: Compared) -> str:
    """The larger of the two, for a call needs both."""
    found = [one.detectable for one in (pair.ratio, pair.over_control) if one and one.detectable]
    if not found:
        return ""
    return f" The smallest difference it could have found is {written.percent(max(found) - 1)}."


def _warning(contrast: Contrast) -> str | None:
    conditions = contrast.differences.conditions
    if not conditions:
        return None
    said = different(conditions)
    return (
        f"COMPARED ANYWAY: these runs were made under different conditions ({said}). "
        "Nothing here tells a difference between contenders from one between conditions."
    )


def _used(contrast: Contrast) -> str:
    """The words to explain: every call, and every verdict that took one away."""
    calls = {pair.call for pair in contrast.pairs}
    verdicts = {part.verdict for pair in contrast.pairs for part in (pair.first, pair.second)} - {Verdict.SERVER_BOUND}
    return " ".join(sorted(filter(None, calls | verdicts)))


def _shown(value: object) -> str:
    return "not known" if value is None else json.dumps(value, ensure_ascii=False)


_COLUMNS: tuple[tuple[Head, Callable[[Compared], Cell]], ...] = (
    (Head("contender", "name"), lambda pair: Cell(_name(pair), "(yardstick)" if pair.is_yardstick else "")),
    (Head("A\nrequests\nper s"), lambda pair: Cell(written.requests_per_s(pair.first.requests_per_s).main)),
    (Head("B\nrequests\nper s"), lambda pair: Cell(written.requests_per_s(pair.second.requests_per_s).main)),
    (Head("B / A", "estimate"), lambda pair: _ratio(pair.ratio)),
    (Head("call", "word"), lambda pair: Cell(pair.call or NOTHING)),
    (Head("cold start\nB / A"), lambda pair: _times(pair.ready_ratio)),
    (Head("A p99\nclosed\nloop"), lambda pair: Cell(written.duration(pair.first.p99_s))),
    (Head("B p99\nclosed\nloop"), lambda pair: Cell(written.duration(pair.second.p99_s))),
)
_OVER_CONTROL = (Head("B / A\nover\ncontrol's", "estimate"), lambda pair: _ratio(pair.over_control))
