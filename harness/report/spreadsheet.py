"""A summary as CSV, for spreadsheets and programs: all columns of all tables, and some more."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from harness.model import Estimate, Summary
from harness.report import escape, tables
from harness.report.columns import CONTENDER, IDLE, ONLY_IN_CSV, RATIOS, RESULT, SERVED, Column, Datum


def csv_text(summary: Summary) -> str:
    """One line per contender, SI units, empty where not measured; text cannot act as a formula."""
    every = (*RESULT, *RATIOS, *tables.costs(summary), *_idle(summary), *SERVED, *ONLY_IN_CSV)
    columns = {column.key: column for column in every}.values()
    keys = [key for column in columns for key in _csv_keys(column)]
    file = io.StringIO()
    writer = csv.DictWriter(file, [*keys, *(["cannot"] if summary.absent else [])], lineterminator="\n")
    writer.writeheader()
    for row in tables.ordered(summary.rows):
        values = (value for column in columns for value in _csv_values(column, column.value(row)))
        writer.writerow(dict(zip(keys, values, strict=True)))
    for label, why in sorted(summary.absent.items()):
        writer.writerow({CONTENDER.key: escape.csv_text(label), "cannot": escape.csv_text(why)})
    return file.getvalue()


def _idle(summary: Summary) -> tuple[Column, ...]:
    return IDLE if any(row.idle for row in summary.rows) else ()


def _csv_keys(column: Column) -> Iterator[str]:
    yield column.key
    if column.kind == "estimate":
        yield from (f"{column.key}_{part}" for part in ("low", "high", "n"))


def _csv_values(column: Column, value: Datum) -> Iterator[str | float | None]:
    if column.kind != "estimate":
        yield escape.csv_text(value) if isinstance(value, str) else value  # type: ignore[misc]
    elif isinstance(value, Estimate):
        yield from (value.value, value.low, value.high, value.n)
    else:
        yield from (None,) * 4
