"""The charts that a report has: their file names, titles and words for those who do not see them."""

from __future__ import annotations

from typing import NamedTuple

from harness.model import RunHead, Summary


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
RATIOS = Picture(
    "ratios",
    "Ratio to the reference, by other means",
    "Ratio of each contender to the reference by slices, by duet, and under the other wait policy, with intervals",
)
OPEN_LOOP = Picture("openloop", "Latency, open loop", "Latency of each contender at fixed rates, from p50 to p99.9")
ABLATION = Picture(
    "ablation",
    "What moved the number",
    "Throughput of each variation over that of the reference, with intervals, grouped by what was changed",
)
RELEASES = Picture(
    "releases",
    "Which version is the faster one",
    "Throughput of each version over that of the newest, with intervals, in the order of versions",
)
SWEEP_THROUGHPUT = Picture(
    "sweep-throughput",
    "Requests per second by connections",
    "Requests per second of each contender against the number of connections, with intervals and the knee",
)
SWEEP_LATENCY = Picture(
    "sweep-latency",
    "Latency by connections, closed loop",
    "p50 and p99 of each contender against the number of connections, closed loop, with intervals",
)
MATRIX = Picture(
    "matrix",
    "Ratio to the reference, by scenario",
    "Throughput of each contender over that of the reference in each scenario, with intervals",
)
PICTURES = (THROUGHPUT, RATIOS, LATENCY, OPEN_LOOP, COLD_START, SLICES)


def shown(head: RunHead, summary: Summary) -> tuple[Picture, ...]:
    """Those that have something to show of a run; one more where it is an ablation, or of several versions."""
    absent = set()
    if not any(row.duet or row.other_wait for row in summary.rows):
        absent.add(RATIOS)
    if not any(row.open_loop for row in summary.rows):
        absent.add(OPEN_LOOP)
    usual = tuple(picture for picture in PICTURES if picture not in absent)
    return (*([ABLATION] if head.varies else []), *([RELEASES] if summary.releases else []), *usual)
