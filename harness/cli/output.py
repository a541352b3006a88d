"""How the command line speaks: results on standard output; progress, notes and errors on standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text


class ExitCode(IntEnum):
    """What the exit code of every command means. Ended by a signal it is 128 more than that."""

    DONE = 0
    FINDING = 1  # a contract broken, wrong answers, a test that fails
    ERROR = 2  # usage or tool error
    UNDECIDED = 3  # a contender's number is UNSETTLED, and the run was no quick one
    INVALID = 4  # a contender's number is INVALID
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Advance(Protocol):
    """Say that so many more steps are done, the last of them in a few words."""

    def __call__(self, said: str, steps: int = 1) -> None: ...


_PLAIN_WIDTH = 110  # columns of the tables where no terminal tells

results = Console(highlight=False, markup=False)
if not results.is_terminal and "COLUMNS" not in os.environ:
    results.width = _PLAIN_WIDTH
notes = Console(stderr=True, highlight=False, markup=False)


def document(text: str) -> None:
    """Write one whole document, such as JSON, just as it is."""
    results.print(text, soft_wrap=True)


def note(message: str) -> None:
    """Say something beside the result."""
    notes.print(_harmless(message), soft_wrap=True)


def complain(message: str, hint: str = "") -> None:
    """Say what is wrong, then what to do about it."""
    notes.print(Text.assemble(("error: ", "bold red"), _harmless(message)), soft_wrap=True)
    if hint:
        notes.print(Text.assemble(("hint: ", "bold"), _harmless(hint)), soft_wrap=True)


def _harmless(text: str) -> str:
    """Without what could act on a terminal: messages quote logs and answers of servers."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


@contextmanager
def progress(title: str, steps: int) -> Iterator[Advance]:
    """A bar on a terminal; elsewhere a plain line for every tenth of the way.

    It draws only when told of a step, never by a timer: a timer would take CPU from what is being measured.
    """
    if not notes.is_terminal:
        yield _lines(title, steps)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[said]}"), console=notes, auto_refresh=False) as bar:
        task = bar.add_task(title, total=steps, said="")

        def advance(said: str, steps: int = 1) -> None:
            bar.update(task, advance=steps, said=said)
            bar.refresh()

        yield advance


def _lines(title: str, total: int) -> Advance:
    done = 0

    def advance(said: str, steps: int = 1) -> None:
        nonlocal done
        before, done = done, done + steps
        if done * 10 // total > before * 10 // total:
            note(f"{title}: {100 * done // total} %, {said}")

    return advance
