"""What is shown of a run: tables, charts, caveats. Nothing is decided here; matplotlib is imported only to write."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.model import Matrix, ResultSet, RunHead, Series, Summary, Sweep
from harness.report import document, files, matrices, reproduced, screen, sweeps, together
from harness.report.together import Together


def show(result_set: ResultSet, summary: Summary, console: Console) -> None:
    """Print tables, every doubt next to its number, and one sentence for each word used."""
    screen.show(console, result_set, summary)


def paste(result_set: ResultSet, summary: Summary) -> str:
    """One Markdown table and one line of provenance."""
    return document.paste(result_set.head, summary)


def show_several(head: RunHead, found: Sweep | Matrix, console: Console) -> None:
    """Print what several runs say together."""
    together.show(console, _told(head, found))


def paste_several(head: RunHead, found: Sweep | Matrix) -> str:
    """One Markdown table and one line of provenance."""
    return together.paste(_told(head, found))


def write_several(folder: Path, head: RunHead, found: Sweep | Matrix) -> None:
    """Write all that is derived from several runs together into their folder. Raises StoreError."""
    files.put(folder, files.derived_together(head, found, together.markdown(_told(head, found))))


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


def _told(head: RunHead, found: Sweep | Matrix) -> Together:
    return sweeps.told(head, found) if isinstance(found, Sweep) else matrices.told(head, found)
