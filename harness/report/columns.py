"""The columns of the tables, each defined once: its value in SI units for CSV, and its cell for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from harness.model import Estimate, Row, StartVariant
from harness.report import format as written
from harness.report.format import NOTHING, Cell

Datum = str | float | Estimate | None


class Entry(NamedTuple):
    """A row with what its table adds: whether ratios are taken to it, and the numbers of the doubts about it."""

    row: Row
    is_reference: bool
    marks: tuple[int, ...]
    duet_marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column:
    """`key` heads it in CSV, `heading` elsewhere. An estimate is four columns in CSV: value, low, high and n."""

    key: str
    heading: str
    value: Callable[[Row], Datum]
    cell: Callable[[Entry], Cell]
    kind: Literal["number", "estimate", "word", "name"] = "number"


def numbered(marks: tuple[int, ...]) -> str:
    """Numbers of doubts as a cell shows them: `[1, 3]`."""
    return f"[{', '.join(map(str, marks))}]" if marks else ""


def _rank(entry: Entry) -> Cell:
    return Cell(NOTHING if entry.row.rank is None else str(entry.row.rank))


def _contender(entry: Entry) -> Cell:
    member = entry.row.member
    kind = "yardstick" if member.is_yardstick else member.role
    return Cell(member.label, "" if kind == "contender" else f"({kind})")


def _ratio(entry: Entry) -> Cell:
    if entry.is_reference:
        return Cell("1", "(reference)")
    return written.ratio(entry.row.comparison.ratio) if entry.row.comparison else Cell(NOTHING)


def _duet(entry: Entry) -> Cell:
    if entry.row.duet is None:
        return Cell("1", "(reference)") if entry.is_reference else Cell(NOTHING)
    main, note = written.ratio(entry.row.duet.comparison.ratio)
    return Cell(main, f"{note} {numbered(entry.duet_marks)}".strip())


def _cold_start(entry: Entry) -> Cell:
    if entry.row.member.is_yardstick:
        return Cell(NOTHING)
    return written.start_duration(entry.row.ready_s)


def _idle_opened(entry: Entry) -> Cell:
    idle = entry.row.idle
    return Cell(f"{written.count(idle.opened)} of {written.count(idle.asked)}" if idle and idle.opened else NOTHING)


def _verdict(entry: Entry) -> Cell:
    return Cell(entry.row.verdict, numbered(entry.marks))


def _number(key: str, heading: str, value: Callable[[Row], Any], show: Callable[[Any], str]) -> Column:
    return Column(key, heading, value, lambda entry: Cell(show(value(entry.row))))


def _estimate(key: str, heading: str, value: Callable[[Row], Estimate | None], show: Callable[[Any], Cell]) -> Column:
    return Column(key, heading, value, lambda entry: show(value(entry.row)), "estimate")


def _word(key: str, heading: str, value: Callable[[Row], str | None]) -> Column:
    return Column(key, heading, value, lambda entry: Cell(value(entry.row) or NOTHING), "word")


def _latency(name: str, heading: str) -> Column:
    def value(row: Row) -> float | None:
        return getattr(row.latency, name) if row.latency else None

    return _number(f"latency_{name}", heading, value, written.duration)


def _started(variant: StartVariant, name: str, key: str) -> Column:
    def value(row: Row) -> Estimate | None:
        return getattr(row.starts[variant], name) if variant in row.starts else None

    return _estimate(f"{key}_{variant}_s", f"{key} {variant.in_words}", value, written.start_duration)


def _trait(name: str, heading: str) -> Column:
    return _word(name, heading, lambda row: getattr(row.member.traits, name))


def _comparison(name: str) -> Column:
    return _number(name, name, lambda row: getattr(row.comparison, name) if row.comparison else None, str)


CONTENDER = Column("contender", "contender", lambda row: row.member.label, _contender, "name")
RESULT = (
    Column("rank", "#", lambda row: row.rank, _rank),
    CONTENDER,
    Column(
        "requests_per_s",
        "requests\nper s",
        lambda row: row.requests_per_s,
        lambda entry: Cell(written.requests_per_s(entry.row.requests_per_s).main),
        "estimate",
    ),
    Column("ratio", "ratio", lambda row: row.comparison.ratio if row.comparison else None, _ratio, "estimate"),
    _latency("p50_s", "p50\nclosed\nloop"),
    _latency("p99_s", "p99\nclosed\nloop"),
    Column("cold_start_s", "cold start\nmedian", lambda row: row.ready_s, _cold_start, "estimate"),
    Column("verdict", "verdict", lambda row: row.verdict.value, _verdict, "word"),
)
DUET = Column(
    "duet_ratio", "ratio\nby duet", lambda row: row.duet.comparison.ratio if row.duet else None, _duet, "estimate"
)
RATIOS = (
    CONTENDER,
    Column("ratio", "by slices", lambda row: row.comparison.ratio if row.comparison else None, _ratio, "estimate"),
    DUET,
    _estimate(
        "slices_over_duet",
        "slices\nover duet",
        lambda row: row.duet.slices_over_duet if row.duet else None,
        lambda found: written.ratio(found) if found else Cell(NOTHING),
    ),
    _estimate(
        "other_wait_ratio",
        "by slices,\nother wait",
        lambda row: row.other_wait,
        lambda found: written.ratio(found) if found else Cell(NOTHING),
    ),
)
COST = (
    CONTENDER,
    _number(
        "cpu_s_per_request",
        "CPU ms\nper 1,000\nrequests",
        lambda row: row.cpu_s_per_request,
        written.cpu_ms_per_1000,
    ),
    _number(
        "usd_per_million_requests",
        "$ per\nmillion\nrequests",
        lambda row: row.usd_per_million_requests,
        written.dollars,
    ),
    _number("memory_bytes", "memory", lambda row: row.memory_bytes, written.size),
    _number("processes", "processes", lambda row: row.processes, written.count),
    _number("threads", "threads", lambda row: row.threads, written.count),
    _word("connections", "connections", lambda row: row.member.connections),
    _number(
        "reconnects_per_request",
        "reconnects\nper\nrequest",
        lambda row: row.reconnects_per_request,
        written.per_request,
    ),
)
SERVICES = _number("services_share", "services,\nof server\nCPUs", lambda row: row.services_share, written.percent)
IDLE = (
    CONTENDER,
    Column("idle_opened", "held\nat once", lambda row: row.idle.opened if row.idle else None, _idle_opened),
    _estimate(
        "idle_memory_bytes",
        "memory of\neach, KiB",
        lambda row: row.idle.memory_bytes if row.idle else None,
        written.kibibytes,
    ),
    _word("idle_ended", "why no more", lambda row: row.idle.ended if row.idle else None),
)
SERVED = (
    CONTENDER,
    _trait("server", "server"),
    _trait("worker_class", "worker\nclass"),
    _number("workers", "workers", lambda row: row.member.workers, written.count),
    _trait("loop", "loop"),
    _trait("parser", "parser"),
    _trait("json_library", "JSON"),
    _trait("keep_alive", "keep-\nalive"),
    _trait("access_log", "access\nlog"),
    _trait("proxy_headers", "proxy\nheaders"),
)
ONLY_IN_CSV = (
    _word("app", "app", lambda row: row.member.app),
    _word("title", "title", lambda row: row.member.title),
    _word("deployment", "deployment", lambda row: row.member.deployment),
    _word("role", "role", lambda row: row.member.role),
    _number("threads_per_worker", "threads per worker", lambda row: row.member.threads, written.count),
    _word("reference", "reference", lambda row: row.comparison.reference if row.comparison else None),
    _word("call", "call", lambda row: row.comparison.call.value if row.comparison else None),
    *(_comparison(name) for name in ("within_margin", "low99", "high99", "yuen_low", "yuen_high", "detectable")),
    *(_latency(name, name) for name in ("mean_s", "min_s", "p90_s", "p999_s", "max_s")),
    _number("latency_count", "latencies", lambda row: row.latency.count if row.latency else None, written.count),
    _estimate("listening_s", "listening", lambda row: row.listening_s, written.start_duration),
    _number("failures", "failures", lambda row: len(row.failures), written.count),
    *(
        _started(variant, name, key)
        for variant in (StartVariant.DROPPED, StartVariant.NO_BYTECODE)
        for name, key in (("ready_s", "cold_start"), ("listening_s", "listening"))
    ),
)
