"""An exhibit: a table with what is said before and after it, for a terminal, as Markdown, and as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from harness.errors import StoreError
from harness.model import Value
from harness.report import escape, tables, terminal
from harness.report.tables import Table


class Exhibit(NamedTuple):
    """Plain text throughout. `warning` is loud, `words` say what the words used mean."""

    table: Table
    lines: tuple[str, ...]
    words: Mapping[str, str]
    warning: str | None = None


def show(exhibit: Exhibit, console: Console) -> None:
    """Print it."""
    if exhibit.warning:
        console.print(Panel(Text(escape.plain(exhibit.warning), style="bold"), border_style="red"))
    console.print(terminal.drawn(exhibit.table, console.width))
    console.print()
    for line in exhibit.lines:
        console.print(_hanging(Text(escape.plain(line))))
    for word, meaning in exhibit.words.items():
        console.print(_hanging(Text.assemble((word, "bold"), f": {meaning}")))


def markdown(exhibit: Exhibit) -> str:
    """As a document of its own."""
    words = "".join(f"* **{word}**: {meaning}\n" for word, meaning in exhibit.words.items())
    return f"# {escape.markdown(exhibit.table.title)}\n\n{paste(exhibit)}\n{words}"


def paste(exhibit: Exhibit) -> str:
    """Warning, table and lines, to stand in another document."""
    warning = f"> **{escape.markdown(exhibit.warning)}**\n\n" if exhibit.warning else ""
    lines = "".join(f"* {escape.markdown(line)}\n" for line in exhibit.lines)
    return f"{warning}{tables.markdown(exhibit.table)}\n{lines}"


def write(folder: Path, name: str, value: Value, exhibit: Exhibit) -> None:
    """Write NAME.json and NAME.md into a folder. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(f"{value.model_dump_json(indent=1)}\n", encoding="utf-8")
        (folder / f"{name}.md").write_text(markdown(exhibit), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f'"{folder}" cannot be written: {error.strerror}', "Name a folder that you may write with --out."
        ) from error


def _hanging(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))
