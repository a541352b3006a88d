"""Tables on a terminal: no word is ever broken; a table that cannot be had so becomes a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich import table as rich_table
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.report import escape
from harness.report.format import NOT_MEASURED, Cell
from harness.report.tables import Head, Table

_RULED = 1  # the box puts one blank between columns


def drawn(table: Table, width: int) -> RenderableType:
    """A table with intervals under their numbers, set closer where space is short; else a list."""
    columns = [_lines(head, index, table) for index, head in enumerate(table.heads)]
    for padding in (1, 0):
        room = width - (padding + _RULED) * len(columns)
        widths = fitted(list(map(_longest_word, columns)), list(map(_longest, columns)), room)
        if widths:
            return _drawn(table, widths, padding)
    return _listed(table)


def fitted(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fit into a room, as few as possible narrower than wanted; none if `least` does not fit."""
    if sum(least) > room:
        return []
    widths = list(wanted)
    for index in sorted(range(len(widths)), key=lambda index: least[index] - wanted[index]):
        excess = max(0, sum(widths) - room)
        widths[index] -= min(excess, wanted[index] - least[index])
    return widths


def _drawn(table: Table, widths: Sequence[int], padding: int) -> rich_table.Table:
    drawn = rich_table.Table(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, padding, 0, 0),
    )
    for head, characters in zip(table.heads, widths, strict=True):
        drawn.add_column(Text(head.text), justify="right" if head.is_number else "left", width=characters)
    for index, line in enumerate(table.lines, 1):
        drawn.add_row(*map(_cell, line), end_section=index == table.ranked < len(table.lines))
    return drawn


def _listed(table: Table) -> Group:
    """Each line of the table as a name, and below it every other cell after its heading."""
    return Group(Text(table.title, style="bold"), *(part for line in table.lines for part in _item(table, line)))


def _item(table: Table, line: tuple[Cell, ...]) -> Iterator[RenderableType]:
    named = {head.in_one_line: escape.plain(str(cell)) for head, cell in zip(table.heads, line, strict=True)}
    names = [head.in_one_line for head in table.heads if head.kind == "name"]
    yield Text(", ".join(named[name] for name in names), style="bold")
    yield Padding(Text("; ".join(f"{name}: {said}" for name, said in named.items() if name not in names)), (0, 0, 0, 2))


def _lines(head: Head, index: int, table: Table) -> list[str]:
    """All lines that stand in a column."""
    return [
        part for text in (head.text, *(_cell(line[index]).plain for line in table.lines)) for part in text.split("\n")
    ]


def _longest(lines: Iterable[str]) -> int:
    return max(map(cell_len, lines), default=0)


def _longest_word(lines: Iterable[str]) -> int:
    """Of an interval, its first number stands together with the "to"."""
    return _longest(word.replace("~", " ") for line in lines for word in line.replace(" to ", "~to ").split())


def _cell(cell: Cell) -> Text:
    shown = Text("not\nmeasured" if cell.main == NOT_MEASURED else escape.plain(cell.main))
    return shown.append(f"\n{escape.plain(cell.note)}", style="dim") if cell.note else shown
