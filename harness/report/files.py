"""Writes all that is derived from a run, each file whole or not at all; names are fixed, none comes from the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import StoreError
from harness.model import ResultSet, Summary
from harness.report import ablation, document, tables


def write(folder: Path, result_set: ResultSet, summary: Summary) -> None:
    """Write summary.json, summary.csv, slices.csv, report.md and charts/ into a folder. Raises StoreError."""
    replace(folder, derived(result_set, summary))


def replace(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a folder, each whole or not at all. Raises StoreError."""
    try:
        for name, content in contents:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, content)
    except OSError as error:
        raise StoreError(
            f'"{folder}" cannot be written: {error.strerror}',
            "What was measured is kept. Free some space or name another folder with --out, then: ./bench report RUN",
        ) from error


def derived(result_set: ResultSet, summary: Summary) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, the cheapest first."""
    yield "summary.json", f"{summary.model_dump_json(indent=1)}\n".encode()
    yield "summary.csv", tables.csv_text(summary).encode()
    if result_set.head.varies:
        yield "ablation.csv", ablation.csv_text(result_set.head, summary).encode()
    yield "report.md", document.markdown(result_set, summary).encode()
    from harness.report import charts, frame  # noqa: PLC0415  # matplotlib and pandas take a second to import

    yield "slices.csv", frame.slices_csv(result_set).encode()
    yield from ((f"charts/{name}", content) for name, content in charts.draw(result_set, summary))


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
