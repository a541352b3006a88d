"""The report for a terminal: what is printed, top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from harness.model import ResultSet, RunHead, Summary, Verdict
from harness.report import ablation, caveats, coldstart, escape, origin, releases, tables, terminal
from harness.report.tables import Table

_STYLES = {Verdict.INVALID: "red", Verdict.CLIENT_BOUND: "yellow", Verdict.UNSETTLED: "yellow"}


def show(console: Console, result_set: ResultSet, summary: Summary) -> None:
    """Print tables, every doubt, and one sentence for each word that they use."""
    parts = list(_parts(result_set, summary, console.width))
    for part in parts:
        console.print(part)
    for word, meaning in caveats.glossary(_said(parts)):
        console.print(_hanging(Text.assemble((word, "bold"), f": {meaning}"), 2))


def _parts(result_set: ResultSet, summary: Summary, width: int) -> Iterator[RenderableType]:
    head = result_set.head
    if head.plan.quick:
        yield Panel(Text(caveats.QUICK, style="bold"), border_style="red")
    yield from _spaced(tables.result(head, summary), width)
    yield from (_hanging(doubt, 4) for doubt in _doubts(summary))
    yield from (_hanging(Text(line), 2) for line in _sentences(head, summary))
    yield Text()
    if ratios := tables.ratios(head, summary):
        yield from _explained(ratios, caveats.DUET, width)
    if open_loop := tables.open_loop(head, summary):
        yield from _explained(open_loop, caveats.OPEN_LOOP, width)
    if head.varies:
        yield from _spaced(ablation.table(head, summary), width)
        yield _hanging(Text(ablation.BRINGS), 2)
        yield Text()
    if summary.releases:
        yield from _spaced(releases.table(summary), width)
        yield from (_hanging(Text(line), 2) for line in (*releases.sentences(summary), releases.MOVED))
        yield Text()
    if summary.claims:
        yield from _spaced(tables.claims(summary, summary.claims), width)
        yield from (_hanging(Text(escape.plain(line)), 2) for line in caveats.claimed(summary.claims))
        yield Text()
    if variants := coldstart.variants(summary):
        yield from _spaced(variants, width)
    if imported := [f"{label} {said}" for label, said in coldstart.imported(summary)]:
        yield from (_hanging(Text(escape.plain(line)), 2) for line in imported)
        yield Text()
    yield from _spaced(tables.cost(head, summary), width)
    if idle := tables.idle(head, summary):
        yield from _explained(idle, caveats.IDLE, width)
    yield from _spaced(tables.served(head, summary), width)
    provenance = (origin.circumstances(head), f"limits: {origin.limits(result_set)}", origin.versions(head))
    yield _hanging(Text("\n".join(provenance), style="dim"), 0)
    yield Text()


def _spaced(table: Table, width: int) -> tuple[RenderableType, RenderableType]:
    return terminal.drawn(table, width), Text()


def _explained(table: Table, sentence: str, width: int) -> tuple[RenderableType, ...]:
    return (terminal.drawn(table, width), _hanging(Text(sentence), 2), Text())


def _doubts(summary: Summary) -> Iterator[Text]:
    for note in caveats.notes(summary):
        who = escape.plain(", ".join(note.contenders) or "all")
        start = Text(f"[{note.number}] {who}, {note.what}: ", style=_STYLES.get(note.gives, ""))
        yield start.append(f"{escape.plain(note.evidence)} ({note.gives})", style="default")


def _sentences(head: RunHead, summary: Summary) -> Iterator[str]:
    for row in tables.ordered(summary.rows):
        if said := caveats.compared(row):
            yield f"{escape.plain(row.member.label)}: {said}"
    yield from map(escape.plain, (*caveats.remarks(head, summary), *coldstart.remarks(head)))


def _hanging(text: Text, indent: int) -> Padding:
    return Padding(text, (0, 0, 0, indent))


def _said(parts: list[RenderableType]) -> str:
    """All that the parts print, unstyled: the words to explain are looked up in it."""
    console = Console(width=1000, color_system=None)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()
