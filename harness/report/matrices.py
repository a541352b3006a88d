"""What is told of a matrix: ratios and throughput of every contender in every scenario, what was counted apart; CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from harness.model import Estimate, Matrix, MatrixCell, MatrixLine, Member, RunHead, Verdict
from harness.report import caveats, escape, origin
from harness.report import format as written
from harness.report.format import NOTHING, Cell
from harness.report.pictures import MATRIX
from harness.report.tables import Head, Table
from harness.report.together import DOUBTED, Together, doubted

Show = Callable[[MatrixLine, MatrixCell], Cell]

_RATIO = (
    "A ratio is throughput over that of the reference, in the same blocks. Scenarios were measured block by block in "
    "rotation, but do not share slices: compare contenders within a line, not lines{but}."
)
_BUT = "; only what one thing costs has a table across lines, with the interval of two samples"
_COSTS = (
    "What one thing costs: a contender's throughput in a scenario over its own in the scenario named beside it, which "
    "is without that thing. Their blocks are two samples, so the interval is Welch's; no more than that "
    "is said of it."
)
_EACH = "What may be said of each difference (FASTER, SLOWER, SAME) stands in the report of its scenario."
_ABSENT = f"{NOTHING}: it takes no part in that scenario, or has no number that could be compared."
_YARDSTICKS = (
    "null and control know nothing but JSON that is always the same: where a scenario wants anything else, they were "
    "asked json."
)
_APART = (
    "Counted apart: correct answers of another kind, such as refusals that are due, as a share of all answers in what "
    "is counted, in a mix of those to all of its requests (older runs know only their share of whole slices, also "
    "before what is counted). They are part of the throughput; not so those by which a server says that it is too busy "
    "(status 5xx), though they are of the whole here: nobody was served by them."
)
_SERVICES = (
    "The services' share of the CPUs: what database, cache, mail and upstream took of the servers' CPUs while a "
    "contender was measured."
)


def told(head: RunHead, matrix: Matrix) -> Together:
    """All that is said of a matrix; the report of each of its runs says more."""
    found = list(_tables(matrix))
    return Together(
        name=matrix.name,
        quick=head.plan.quick,
        tables=tuple(table for table, _ in found),
        sentences=(
            _RATIO.format(but=_BUT if any(line.beside for line in matrix.lines) else ""),
            _EACH,
            _ABSENT,
            *_nowhere(matrix),
            *(said for _, said in found if said),
            DOUBTED,
            *caveats.untrimmed(head),
        ),
        provenance=f"{circumstances(head, matrix)} · {origin.versions(whole(head, matrix))}.",
        pictures=(MATRIX,),
        where="The run of each scenario",
        runs={line.scenario: (line.scenario, line.about) for line in matrix.lines},
    )


def whole(head: RunHead, matrix: Matrix) -> RunHead:
    """The head of one of the runs with the members of all."""
    return head.model_copy(update={"members": matrix.members})


def circumstances(head: RunHead, matrix: Matrix) -> str:
    """Where the numbers come from, with what all scenarios have between them."""
    connections = sorted({line.connections for line in matrix.lines})
    count = len(matrix.lines)
    return origin.circumstances(
        head,
        connections=" or ".join(f"{one:,}" for one in connections),
        scenarios=f"{count} scenarios" if count > 1 else "",
    )


def tables_of(matrix: Matrix) -> tuple[Table, ...]:
    """Ratios first, then throughput, then what there is of the rest."""
    return tuple(table for table, _ in _tables(matrix))


def costs(matrix: Matrix) -> Table | None:
    """What one thing costs each contender: in each scenario that is held against another; None where none is."""
    lines = tuple(line for line in matrix.lines if line.beside)
    if not lines:
        return None
    compared = contenders(matrix)
    shown = tuple(
        (Cell(line.scenario), Cell(line.beside or NOTHING), *map(_cost, _of(matrix, line, compared))) for line in lines
    )
    heads = (Head("scenario", "name"), Head("over", "name"), *(Head.of(member.label) for member in compared))
    return Table("What one thing costs: throughput over that without it", heads, shown, len(shown))


def contenders(matrix: Matrix) -> tuple[Member, ...]:
    """All but the yardsticks."""
    return tuple(member for member in matrix.members if not member.is_yardstick)


def compared_in(matrix: Matrix, line: MatrixLine) -> Iterator[MatrixCell]:
    """The cells of all but the yardsticks in one scenario, of those who take part in it."""
    return (cell for cell in _of(matrix, line, contenders(matrix)) if cell)


def of_ratio(cell: MatrixCell, reference: MatrixCell | None) -> Verdict:
    """What may be said of a ratio: the worse verdict of its two numbers."""
    return Verdict.worst({cell.verdict, reference.verdict if reference else cell.verdict})


def reference_in(matrix: Matrix, line: MatrixLine) -> MatrixCell | None:
    """What ratios of a scenario are taken to."""
    return next((cell for cell in compared_in(matrix, line) if cell.contender == matrix.reference), None)


def csv_text(matrix: Matrix) -> str:
    """One line for each contender in each scenario; SI units, empty where not measured.

    Who takes no part has one that says why, where that is known. Where a scenario is held against another one, its
    lines say against which, and what came of it.
    """
    names = list(dict.fromkeys(name for line in matrix.lines for cell in line.cells if cell for name in cell.apart))
    head = ["scenario", "connections", "contender", "verdict", *_parts("requests_per_s"), *_parts("ratio")]
    head += ["services_share", *(f"apart_{name}" for name in names)]
    cost = ["beside", "cost_verdict", *_parts("cost")] if any(line.beside for line in matrix.lines) else []
    cannot = ["cannot"] if any(line.absent for line in matrix.lines) else []
    file = io.StringIO()
    writer = csv.DictWriter(file, [*head, *cost, *cannot], lineterminator="\n")
    writer.writeheader()
    for line in matrix.lines:
        for cell in filter(None, line.cells):
            values = (*_csv_values(line, cell), *(cell.apart.get(name) for name in names))
            writer.writerow(dict(zip(head, values, strict=True)) | dict(zip(cost, _csv_cost(line, cell), strict=False)))
        writer.writerows(_csv_absent(line))
    return file.getvalue()


def _csv_absent(line: MatrixLine) -> Iterator[dict[str, str | int]]:
    about: dict[str, str | int] = {"scenario": escape.csv_text(line.scenario), "connections": line.connections}
    for label, why in line.absent.items():
        yield about | {"contender": escape.csv_text(label), "cannot": escape.csv_text(why)}


def _csv_values(line: MatrixLine, cell: MatrixCell) -> Iterator[str | float | None]:
    yield from (escape.csv_text(line.scenario), line.connections, escape.csv_text(cell.contender), cell.verdict.value)
    yield from _csv_estimate(cell.requests_per_s)
    yield from _csv_estimate(cell.ratio)
    yield cell.services_share


def _csv_cost(line: MatrixLine, cell: MatrixCell) -> Iterator[str | float | None]:
    if line.beside and cell.cost:
        yield from (escape.csv_text(line.beside), cell.cost.verdict.value, *_csv_estimate(cell.cost.ratio))


def _csv_estimate(found: Estimate | None) -> tuple[float | None, ...]:
    return (found.value, found.low, found.high, found.n) if found else (None,) * 4


def _parts(key: str) -> list[str]:
    """The columns of an estimate."""
    return [f"{key}{part}" for part in ("", "_low", "_high", "_n")]


def _tables(matrix: Matrix) -> Iterator[tuple[Table, str]]:
    """Each with a sentence on what it is, where it needs one."""
    compared, every = contenders(matrix), matrix.members
    interval = "; a range in brackets is a 95 % interval" if any(map(_has_interval, _cells(matrix))) else ""
    title = f"Ratio to {escape.plain(matrix.reference)} by scenario{interval}"
    yield _table(title, matrix, compared, lambda line, cell: _ratio(cell, reference_in(matrix, line))), ""
    yield _table("Requests per second by scenario", matrix, every, _requests_per_s, connections=True), _YARDSTICKS
    if found := costs(matrix):
        yield found, _COSTS
    if any(cell.apart for cell in _cells(matrix)):
        yield _apart(matrix, compared), _APART
    if any(cell.services_share is not None for cell in _cells(matrix)):
        served = [line for line in matrix.lines if any(cell.services_share is not None for cell in line.cells if cell)]
        some = matrix.model_copy(update={"lines": tuple(served)})
        yield _table("The services' share of the CPUs", some, compared, _services_share), _SERVICES


def _table(title: str, matrix: Matrix, members: tuple[Member, ...], show: Show, *, connections: bool = False) -> Table:
    lines = tuple(
        (
            Cell(line.scenario),
            *([Cell(written.count(line.connections))] if connections else []),
            *(
                show(line, cell) if cell else _absent(line, member)
                for member, cell in zip(members, _of(matrix, line, members), strict=True)
            ),
        )
        for line in matrix.lines
    )
    heads = (Head("scenario", "name"), *([Head("connections")] if connections else []))
    return Table(title, (*heads, *(Head.of(member.label) for member in members)), lines, len(lines))


def _nowhere(matrix: Matrix) -> Iterator[str]:
    """Who takes no part in any of the scenarios, and so has no column."""
    labels = {member.label for member in matrix.members}
    whys = {label: why for line in matrix.lines for label, why in line.absent.items() if label not in labels}
    return (f"{label} {written.cannot(why)}." for label, why in whys.items())


def _absent(line: MatrixLine, member: Member) -> Cell:
    """Why it takes no part, where that is known: older runs do not say."""
    why = line.absent.get(member.label)
    return Cell(written.cannot(why) if why else NOTHING)


def _apart(matrix: Matrix, members: tuple[Member, ...]) -> Table:
    lines = [
        (Cell(line.scenario), Cell(name), *(_share(cell, name) for cell in _of(matrix, line, members)))
        for line in matrix.lines
        for name in dict.fromkeys(name for cell in line.cells if cell for name in cell.apart)
    ]
    heads = (Head("scenario", "name"), Head("answer", "word"), *(Head.of(member.label) for member in members))
    return Table("Answers counted apart, of all that are counted", heads, tuple(lines), len(lines))


def _of(matrix: Matrix, line: MatrixLine, members: tuple[Member, ...]) -> Iterator[MatrixCell | None]:
    """The cells of these members."""
    labels = {member.label for member in members}
    return (cell for member, cell in zip(matrix.members, line.cells, strict=True) if member.label in labels)


def _cells(matrix: Matrix) -> Iterator[MatrixCell]:
    return (cell for line in matrix.lines for cell in line.cells if cell)


def _has_interval(cell: MatrixCell) -> bool:
    found: list[Estimate | None] = [cell.ratio, cell.requests_per_s, cell.cost.ratio if cell.cost else None]
    return any(one and one.low is not None for one in found)


def _ratio(cell: MatrixCell, reference: MatrixCell | None) -> Cell:
    if cell is reference and cell.requests_per_s:
        return doubted(cell.verdict, Cell("1", "(reference)"))
    return doubted(of_ratio(cell, reference), written.ratio(cell.ratio) if cell.ratio else Cell(NOTHING))


def _cost(cell: MatrixCell | None) -> Cell:
    if cell is None or cell.cost is None:
        return Cell(NOTHING)
    return doubted(cell.cost.verdict, written.ratio(cell.cost.ratio) if cell.cost.ratio else Cell(NOTHING))


def _requests_per_s(_: MatrixLine, cell: MatrixCell) -> Cell:
    return doubted(cell.verdict, Cell(written.requests_per_s(cell.requests_per_s).main))


def _services_share(_: MatrixLine, cell: MatrixCell) -> Cell:
    return Cell(NOTHING if cell.services_share is None else written.percent(cell.services_share))


def _share(cell: MatrixCell | None, name: str) -> Cell:
    if cell is None or cell.verdict is Verdict.INVALID or name not in cell.apart:
        return Cell(NOTHING)
    return Cell(written.percent(cell.apart[name]) if cell.apart[name] else "0 %")
