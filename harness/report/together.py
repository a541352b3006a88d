"""The report of several runs in one folder: tables, sentences and pictures, for a terminal, as Markdown, for a post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from harness.model import Verdict
from harness.report import caveats, document, escape, tables, terminal
from harness.report.format import Cell
from harness.report.pictures import Picture
from harness.report.tables import Table

DOUBTED = (
    "A word beside a number is its verdict where that is not SERVER-BOUND, beside a ratio the worse one of its two "
    "numbers; the report of its run says why."
)


class Together(NamedTuple):
    """Plain text throughout. `runs` are headed by `where`: by the folder of each run its name and what it is about."""

    name: str
    quick: bool
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    provenance: str
    pictures: tuple[Picture, ...]
    where: str
    runs: Mapping[str, tuple[str, str]]


def show(console: Console, told: Together) -> None:
    """Print the tables and what is to be said of them."""
    for table in told.tables:
        console.print(terminal.drawn(table, console.width), Text(), sep="\n")
    for sentence in _sentences(told):
        console.print(Text(escape.plain(sentence)))


def markdown(told: Together) -> str:
    """The report of all runs; that of each says more."""
    return "\n".join(_parts(told))


def paste(told: Together) -> str:
    """The first table, and one line of provenance."""
    warning = f"**{caveats.QUICK}**\n\n" if told.quick else ""
    return f"{warning}{tables.markdown(told.tables[0])}\n{escape.markdown(told.provenance)}\n"


def _parts(told: Together) -> Iterator[str]:
    yield f"# Rematch: {escape.markdown(told.name)}\n"
    for table in told.tables:
        yield f"## {escape.markdown(table.title)}\n\n{tables.markdown(table)}"
    yield "".join(f"* {escape.markdown(sentence)}\n" for sentence in _sentences(told))
    yield "".join(map(document.picture_of, told.pictures))
    yield f"## {escape.markdown(told.where)}\n\n{''.join(_run(folder, *said) for folder, said in told.runs.items())}"


def _run(folder: str, name: str, about: str) -> str:
    more = f": {escape.markdown(about)}" if about else ""
    return f"* [{escape.markdown(name)}]({folder}/report.md){more}\n"


def doubted(verdict: Verdict, shown: Cell) -> Cell:
    """A number with the word that is to be said of it, if one is."""
    return Cell(shown.main, f"{shown.note} {'' if verdict is Verdict.SERVER_BOUND else verdict}".strip())


def _sentences(told: Together) -> tuple[str, ...]:
    return (*((caveats.QUICK,) if told.quick else ()), *told.sentences, told.provenance)
