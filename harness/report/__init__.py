"""What is shown of a run: tables, charts, caveats. Nothing is decided here; matplotlib is imported only to write."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.model import ResultSet, RunHead, Series, Summary, Sweep
from harness.report import document, files, reproduced, screen, sweeps


def show(result_set: ResultSet, summary: Summary, console: Console) -> None:
    """Print tables, every doubt next to its number, and one sentence for each word used."""
    screen.show(console, result_set, summary)


def paste(result_set: ResultSet, summary: Summary) -> str:
    """One Markdown table and one line of provenance."""
    return document.paste(result_set.head, summary)


def show_sweep(head: RunHead, sweep: Sweep, console: Console) -> None:
    """Print what several runs say together that differ in their number of connections."""
    sweeps.show(console, head, sweep)


def paste_sweep(head: RunHead, sweep: Sweep) -> str:
    """One Markdown table and one line of provenance."""
    return sweeps.paste(head, sweep)


def write_sweep(folder: Path, head: RunHead, sweep: Sweep) -> None:
    """Write all that is derived from a sweep as a whole into its folder. Raises StoreError."""
    sweeps.write(folder, head, sweep)


def write(folder: Path, result_set: ResultSet, summary: Summary) -> None:
    """Write all that is derived from a run into a folder, the same bytes every time. Raises StoreError."""
    files.write(folder, result_set, summary)


def show_series(every: Sequence[Series], console: Console) -> None:
    """Print what occasions say together, series by series."""
    reproduced.show(every, console)


def write_series(folder: Path, every: Sequence[Series]) -> None:
    """Write the same as occasions.md and occasions.json. Raises StoreError."""
    files.write_series(folder, every)


def series_json(every: Sequence[Series]) -> str:
    """The same for programs."""
    return files.series_json(every)
