"""Writes all that is derived from a run, each file whole or not at all; names are fixed, none comes from the run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.errors import StoreError
from harness.model import Matrix, ResultSet, RunHead, Series, Summary, Sweep
from harness.report import ablation, document, matrices, releases, reproduced, spreadsheet

_SERIES: TypeAdapter[tuple[Series, ...]] = TypeAdapter(tuple[Series, ...])


def write(folder: Path, result_set: ResultSet, summary: Summary) -> None:
    """Write summary.json, summary.csv, slices.csv, report.md and charts/ into a folder. Raises StoreError."""
    put(folder, derived(result_set, summary))


def put(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Write files, each by its name, into a folder. Raises StoreError."""
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


def alike(one: bytes, other: bytes) -> bool:
    """Whether two JSON documents are the same but for the last digits of numbers, which hang on the kind of CPU."""
    try:
        return _alike(json.loads(one), json.loads(other))
    except ValueError:
        return one == other


def write_series(folder: Path, every: Sequence[Series]) -> None:
    """Write what occasions say together into a folder: occasions.json and occasions.md. Raises StoreError."""
    put(
        folder,
        (
            ("occasions.json", f"{series_json(every)}\n".encode()),
            ("occasions.md", reproduced.markdown(every).encode()),
        ),
    )


def series_json(every: Sequence[Series]) -> str:
    """A list of series as one document."""
    return _SERIES.dump_json(tuple(every), indent=1).decode()


def derived(result_set: ResultSet, summary: Summary) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, the cheapest first."""
    yield "summary.json", f"{summary.model_dump_json(indent=1)}\n".encode()
    yield "summary.csv", spreadsheet.csv_text(summary).encode()
    if result_set.head.varies:
        yield "ablation.csv", ablation.csv_text(result_set.head, summary).encode()
    if summary.releases:
        yield "releases.csv", releases.csv_text(summary).encode()
    yield "report.md", document.markdown(result_set, summary).encode()
    from harness.report import charts, frame  # noqa: PLC0415  # matplotlib and pandas take a second to import

    yield "slices.csv", frame.slices_csv(result_set).encode()
    yield from ((f"charts/{name}", content) for name, content in charts.draw(result_set, summary))


def derived_together(head: RunHead, found: Sweep | Matrix, markdown: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file that follows from several runs together, the cheapest first."""
    name = "sweep" if isinstance(found, Sweep) else "matrix"
    yield f"{name}.json", f"{found.model_dump_json(indent=1)}\n".encode()
    yield f"{name}.md", markdown.encode()
    if isinstance(found, Matrix):
        yield "matrix.csv", matrices.csv_text(found).encode()
    from harness.report import curves, dots  # noqa: PLC0415  # as above

    drawn = curves.draw(head, found) if isinstance(found, Sweep) else dots.draw(head, found)
    yield from ((f"charts/{file}", content) for file, content in drawn)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return type(one) is type(other) and bool(one == other)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
