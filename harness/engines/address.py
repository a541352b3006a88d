"""Just the engine against one address: throughput and latency without contenders, blocks or verdicts."""

from __future__ import annotations

import math
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from harness import histogram
from harness.engines.base import Engine
from harness.engines.connection import ConnectionEngine
from harness.engines.job import PAGE_HOST, Job
from harness.engines.process import here, refuse_too_few_files, started
from harness.errors import InputError
from harness.model import ErrorCause, Placement, Plan, Recording, Scenario, Target, Turn, Value

_K = TypeVar("_K")
_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
_LABEL = "address"
_TURN_S = 10.0  # of one turn at most: its requests are kept in memory until it ends
_PAGE_TURN_S = 1.0
_PAGE_WITHIN_S = 30.0
_PAGE_MODULE = "harness.engines.connection"


class Drive(Value):
    """What one address answered. `requests_per_s` None: too few answers to say. Latencies in seconds, closed loop.

    `alternatives`, `by_request` and `ran_out` as in a Recording.
    """

    requests_per_s: float | None
    answered: int
    errors: Mapping[ErrorCause, int]
    first_error: str | None
    latency_s: Mapping[str, float]
    busy: float | None
    reconnects: int
    duration_s: float
    generator_cpu_s: float
    generator_empty_s: float
    alternatives: Mapping[str, int] = {}
    by_request: Mapping[str, int] = {}
    ran_out: str | None = None


def drive_address(
    host: str,
    port: int,
    scenario: Scenario,
    *,
    connections: int,
    duration_s: float,
    wait: Literal["spin", "sleep"],
    placement: Placement,
    log: Path,
    load_processes: int = 1,
    engine: Engine | None = None,
) -> Drive:
    """A warm-up turn, then turns of at most ten seconds, back to back, merged. Raises InputError and EngineError."""
    _refuse_unknown(host, port)
    count = math.ceil(duration_s / _TURN_S)
    plan = _plan(scenario, connections, wait, duration_s / count, load_processes)
    turns = [Turn(contender=_LABEL, round=index) for index in range(count + 1)]
    engine, target = engine or ConnectionEngine(), Target(host=host, port=port, scenario=scenario)
    _, *recordings = engine.drive({_LABEL: target}, plan, turns, placement, log)
    return _merged(recordings)


@contextmanager
def open_page(
    host: str,
    port: int,
    scenario: Scenario,
    *,
    connections: int,
    wait: Literal["spin", "sleep"],
    placement: Placement,
    log: Path,
    page_port: int,
) -> Iterator[str]:
    """The URL of Locust's own page; behind it this address is loaded until the context is left.

    Raises InputError and EngineError.
    """
    _refuse_unknown(host, port)
    _refuse_taken(page_port)
    job = Job(
        targets={_LABEL: Target(host=host, port=port, scenario=scenario)},
        plan=_plan(scenario, connections, wait, _PAGE_TURN_S),
        turns=(),
        cpus=placement.generator_cpus,
        samples=None,
    )
    refuse_too_few_files(job)
    with started(here(), (_PAGE_MODULE, "--web", str(page_port)), log) as process:
        process.tell(job.model_dump_json().encode())
        process.told(_PAGE_WITHIN_S)
        yield f"http://{PAGE_HOST}:{page_port}/"


def _refuse_unknown(host: str, port: int) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(f'"{host}" cannot be resolved: {error}', "Check its spelling, or give its number.") from error


def _refuse_taken(page_port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((PAGE_HOST, page_port))
        except OSError as error:
            hint = "Choose another one for the page with --web-port."
            raise InputError(f"port {page_port} is taken: {error.strerror}", hint) from error


def _plan(
    scenario: Scenario, connections: int, wait: Literal["spin", "sleep"], turn_s: float, load_processes: int = 1
) -> Plan:
    return Plan(
        scenario=scenario.name,
        lineup=_LABEL,
        contenders=(_LABEL,),
        reference=_LABEL,
        connections=connections,
        slice_min_s=turn_s,
        slice_max_s=turn_s,
        wait=wait,
        load_processes=load_processes,
    )


def _merged(recordings: list[Recording]) -> Drive:
    counted_s = sum(recording.counted_s for recording in recordings)
    latency = histogram.merged(recording.latency for recording in recordings)
    quantiles = histogram.quantiles(latency, tuple(_SHARES.values())) if latency.counts else ()
    busy = [recording.busy for recording in recordings if recording.busy is not None]
    return Drive(
        requests_per_s=sum(recording.counted for recording in recordings) / counted_s if counted_s else None,
        answered=sum(recording.answered for recording in recordings),
        errors=_summed(recording.errors for recording in recordings),
        first_error=next((recording.first_error for recording in recordings if recording.first_error), None),
        latency_s=dict(zip(_SHARES, quantiles, strict=False)),
        busy=sum(busy) / len(busy) if busy else None,
        reconnects=sum(recording.reconnects for recording in recordings),
        duration_s=sum(recording.duration_s for recording in recordings),
        generator_cpu_s=sum(recording.generator_cpu_s for recording in recordings),
        generator_empty_s=sum(recording.generator_empty_s for recording in recordings),
        alternatives=_summed(recording.alternatives for recording in recordings),
        by_request=_summed(recording.by_request for recording in recordings),
        ran_out=next((recording.ran_out for recording in recordings if recording.ran_out), None),
    )


def _summed(counts: Iterable[Mapping[_K, int]]) -> Mapping[_K, int]:
    found: Counter[_K] = Counter()
    for each in counts:
        found.update(each)
    return found
