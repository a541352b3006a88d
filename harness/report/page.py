"""A page that is no report of a run: a title, then tables and sentences; for a terminal, or as Markdown."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from harness.report import escape, tables, terminal
from harness.report.tables import Table


class Page(NamedTuple):
    """What is shown, top to bottom. A sentence is plain text: what it quotes is made harmless here."""

    title: str
    parts: tuple[Table | str, ...]


def show(page: Page, console: Console) -> None:
    """Print a page."""
    for part in page.parts:
        console.print(Text(escape.plain(part)) if isinstance(part, str) else terminal.drawn(part, console.width), "")


def markdown(page: Page) -> str:
    """A page as Markdown."""
    return "\n".join((f"# {escape.markdown(page.title)}\n", *map(_section, page.parts)))


def _section(part: Table | str) -> str:
    if isinstance(part, str):
        return f"{escape.markdown(part)}\n"
    return f"## {escape.markdown(part.title)}\n\n{tables.markdown(part)}"
