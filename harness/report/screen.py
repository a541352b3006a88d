"""The report for a terminal: what is printed, top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from harness.model import RunHead, Summary, Verdict
from harness.report import caveats, escape, origin, tables
from harness.report.tables import Table

_STYLES = {Verdict.INVALID: "red", Verdict.CLIENT_BOUND: "yellow", Verdict.UNSETTLED: "yellow"}


def show(console: Console, head: RunHead, summary: Summary) -> None:
    """Print tables, every doubt, and one sentence for each word that they use."""
    parts = list(_parts(head, summary))
    for part in parts:
        console.print(part)
    for word, meaning in caveats.glossary(_said(parts)):
        console.print(_hanging(Text.assemble((word, "bold"), f": {meaning}"), 2))


def _parts(head: RunHead, summary: Summary) -> Iterator[RenderableType]:
    if head.plan.quick:
        yield Panel(Text(caveats.QUICK, style="bold"), border_style="red")
    yield from _spaced(tables.result(head, summary))
    yield from (_hanging(doubt, 4) for doubt in _doubts(summary))
    yield from (_hanging(Text(line), 2) for line in _sentences(head, summary))
    yield Text()
    for table in (tables.claims(summary), tables.cost(head, summary), tables.served(head, summary)):
        if table:
            yield from _spaced(table)
    yield _hanging(Text(f"{origin.circumstances(head)}\n{origin.versions(head)}", style="dim"), 0)
    yield Text()


def _spaced(table: Table) -> tuple[RenderableType, RenderableType]:
    return tables.terminal(table), Text()


def _doubts(summary: Summary) -> Iterator[Text]:
    for note in caveats.notes(summary):
        who = escape.plain(", ".join(note.contenders) or "all")
        start = Text(f"[{note.number}] {who}, {note.guard}: ", style=_STYLES.get(note.gives, ""))
        yield start.append(f"{escape.plain(note.evidence)} ({note.gives})", style="default")


def _sentences(head: RunHead, summary: Summary) -> Iterator[str]:
    for row in tables.ordered(summary.rows):
        if said := caveats.compared(row):
            yield f"{escape.plain(row.member.label)}: {said}"
    yield from map(escape.plain, caveats.remarks(head, summary))


def _hanging(text: Text, indent: int) -> Padding:
    return Padding(text, (0, 0, 0, indent))


def _said(parts: list[RenderableType]) -> str:
    """All that the parts print, unstyled: the words to explain are looked up in it."""
    console = Console(width=1000, color_system=None)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()
