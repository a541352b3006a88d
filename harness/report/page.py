"""A page that is no report of a run: tables and what is said of them, for a terminal, as Markdown, and as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from harness.model import Value
from harness.report import escape, files, tables, terminal
from harness.report.tables import Table


class Page(NamedTuple):
    """What is shown, top to bottom: tables and sentences, then remarks. Plain text: it is made harmless here.

    A table that is titled like the page has no heading of its own. `warning` is loud and comes first, `words` say what
    the words used mean and come last.
    """

    title: str
    parts: tuple[Table | str, ...]
    remarks: tuple[str, ...] = ()
    words: Mapping[str, str] = MappingProxyType({})
    warning: str | None = None


def show(page: Page, console: Console) -> None:
    """Print it."""
    if page.warning:
        console.print(Panel(Text(escape.plain(page.warning), style="bold"), border_style="red"))
    for part in page.parts:
        console.print(Text(escape.plain(part)) if isinstance(part, str) else terminal.drawn(part, console.width), "")
    for remark in page.remarks:
        console.print(_hanging(Text(escape.plain(remark))))
    for word, meaning in page.words.items():
        console.print(_hanging(Text.assemble((word, "bold"), f": {meaning}")))


def markdown(page: Page) -> str:
    """As a document of its own."""
    words = "".join(f"* **{word}**: {meaning}\n" for word, meaning in page.words.items())
    return "\n".join((f"# {escape.markdown(page.title)}\n", paste(page), *([words] if words else [])))


def paste(page: Page) -> str:
    """Without title and words, to stand in another document."""
    return "\n".join(_blocks(page))


def write(folder: Path, name: str, value: Value, page: Page) -> None:
    """Write NAME.json and NAME.md into a folder. Raises StoreError."""
    document = f"{value.model_dump_json(indent=1)}\n"
    files.put(folder, ((f"{name}.json", document.encode()), (f"{name}.md", markdown(page).encode())))


def _blocks(page: Page) -> Iterator[str]:
    if page.warning:
        yield f"> **{escape.markdown(page.warning)}**\n"
    for part in page.parts:
        yield f"{escape.markdown(part)}\n" if isinstance(part, str) else _section(part, page.title)
    if page.remarks:
        yield "".join(f"* {escape.markdown(remark)}\n" for remark in page.remarks)


def _section(table: Table, title: str) -> str:
    heading = "" if table.title == title else f"## {escape.markdown(table.title)}\n\n"
    return f"{heading}{tables.markdown(table)}"


def _hanging(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))
