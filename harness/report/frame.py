"""The slices as a pandas frame, one row each, for those who want to draw or compute something of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from harness import histogram
from harness.model import ErrorCause, Recording, ResultSet, TurnOutcome
from harness.report import escape

_QUANTILES = {"latency_p50_s": 0.5, "latency_p90_s": 0.9, "latency_p99_s": 0.99}
_FACTS = (
    "started_at",
    "duration_s",
    "answered",
    "counted",
    "counted_s",
    "longest_s",
    "busy",
    "connections",
    "reconnects",
    "asked_again",
    "generator_cpu_s",
    "generator_empty_s",
    "drain_s",
)
_ERRORS = tuple(f"errors_{cause}" for cause in ErrorCause)
_COUNTS = ("answered", "connections", "reconnects", "asked_again", *_ERRORS)
_COLUMNS = (
    *("block", "round", "contender", "requests_per_s"),
    *_FACTS,
    *_QUANTILES,
    *_ERRORS,
    *("first_error", "failed_at", "failure"),
)


def frame(result_set: ResultSet) -> pd.DataFrame:
    """One row per turn of a finished block, in the order in which they ran; round 0 is the warm-up. SI units."""
    refusals = result_set.head.scenario.refusals
    lines = pd.DataFrame([_line(turn, refusals) for turn in result_set.turns], columns=list(_COLUMNS))
    return lines.astype(dict.fromkeys(_COUNTS, "Int64"))


def slices_csv(result_set: ResultSet) -> str:
    """The frame as CSV, empty where not measured; text cannot act as a formula."""
    lines = frame(result_set)
    for column in ("contender", "first_error", "failure"):
        lines[column] = lines[column].map(escape.csv_text, na_action="ignore")
    return lines.to_csv(index=False, lineterminator="\n")


def _line(turn: TurnOutcome, refusals: Collection[str]) -> Mapping[str, Any]:
    failure = turn.failure
    return {
        "block": turn.block,
        "round": turn.round,
        "contender": turn.contender,
        **(_recorded(turn.recording, refusals) if turn.recording else {}),
        "failed_at": failure.stage if failure else None,
        "failure": failure.message if failure else None,
    }


def _recorded(recording: Recording, refusals: Collection[str]) -> Mapping[str, Any]:
    latency = recording.latency
    quantiles = histogram.quantiles(latency, list(_QUANTILES.values())) if latency.counts else ()
    return {
        "requests_per_s": recording.served_per_s(refusals),
        **{name: getattr(recording, name) for name in _FACTS},
        **dict(zip(_QUANTILES, quantiles, strict=False)),
        **{name: recording.errors.get(cause, 0) for name, cause in zip(_ERRORS, ErrorCause, strict=True)},
        "first_error": recording.first_error,
    }
