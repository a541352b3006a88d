"""The charts that a report has: their file names, titles and words for those who do not see them."""

from __future__ import annotations

from typing import NamedTuple


class Picture(NamedTuple):
    """A chart without its drawing: `name` is that of its files, `alt` says what it shows."""

    name: str
    title: str
    alt: str


THROUGHPUT = Picture(
    "throughput",
    "Requests per second",
    "Requests per second of each contender, with intervals and every block as a point",
)
LATENCY = Picture("latency", "Latency, closed loop", "Latency of each contender by percentile, closed loop")
COLD_START = Picture(
    "coldstart",
    "Cold start: from spawn to the first correct answer",
    "Cold start of each contender, with medians and every start as a point",
)
SLICES = Picture(
    "slices",
    "Throughput over the run",
    "Throughput of every slice over the run, as deviation from the contender's own median",
)
PICTURES = (THROUGHPUT, LATENCY, COLD_START, SLICES)
