"""What several generator processes gain, and what a connection costs: against `null`, the least that a server can do.

Throughput over 100 connections with one and with two generators, in turns; memory of the generators by connections.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import psutil

from harness import block, prepare
from harness.block import Field
from harness.cli import steps
from harness.engines.connection import ConnectionEngine
from harness.errors import RematchError
from harness.hosts.local import LocalHost
from harness.model import Estimate, Recording, Target, Turn
from harness.stats import estimates

_NULL = "null"
_PROCESSES = (1, 2)
_CONNECTIONS = (10, 100, 1_000, 10_000)
_OWN_FILES = 100
_CONNECT_S = 0.001  # on a busy machine


class Held(NamedTuple):
    """The memory of all generators together, with so many connections open."""

    connections: int
    memory_bytes: int


def main() -> None:
    """Measure both, then print them."""
    options = _options()
    asked = prepare.Asked(contenders=(_NULL,), yardsticks=())
    entry = prepare.enter(asked)
    steps.make_environments(LocalHost(), entry.apps)
    with LocalHost(exclusive=True) as host, tempfile.TemporaryDirectory() as folder:
        plan = prepare.plan(entry, asked, host.placement).model_copy(update={"wait": "sleep"})
        field = prepare.field_of(entry, plan, host, Path(folder) / "logs")
        _say_where(field)
        _report_throughput([_passed(field, options.rounds) for _ in range(options.passes)])
        for processes in _PROCESSES:
            _report_memory(processes, list(_memory(field, processes)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    said = f"launches of the server; no interval is claimed under {estimates.FEWEST}"
    parser.add_argument("--passes", type=int, default=12, help=said)
    parser.add_argument("--rounds", type=int, default=4, help="slices with each number of generators in a pass")
    return parser.parse_args()


def _say_where(field: Field) -> None:
    cpus = field.placement.generator_cpus
    shared = "" if len(cpus) >= max(_PROCESSES) else ", which they share: two cannot gain anything here"
    print(f"generators on CPUs {', '.join(map(str, cpus))}{shared}; they sleep while they wait")


# Measuring -----------------------------------------------------------------------------------------------------------


def _passed(field: Field, rounds: int) -> dict[int, list[float]]:
    """Logarithms of throughput by the number of generators, which take turns, over one launch of the server."""
    found: dict[int, list[float]] = {processes: [] for processes in _PROCESSES}
    turns = [Turn(contender=_NULL, round=number) for number in range(rounds + 1)]
    with ExitStack() as stack:
        target = _launched(field, stack)
        drives = {
            processes: stack.enter_context(closing(_drive(field, target, turns, processes))) for processes in _PROCESSES
        }
        for number in range(rounds + 1):
            for processes in _PROCESSES[:: 1 if number % 2 else -1]:
                per_s = _throughput(next(drives[processes]))
                if number:
                    found[processes].append(math.log(per_s))
    return found


def _memory(field: Field, processes: int) -> Iterator[Held]:
    """For each number of connections that the limits allow, after a turn in which all of them were used."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for connections in _CONNECTIONS:
        if most != resource.RLIM_INFINITY and connections + _OWN_FILES > most:
            print(f"{connections:,} connections: only {most:,} open files are allowed")
            return
        with ExitStack() as stack:
            turns = [Turn(contender=_NULL, round=number) for number in range(2)]
            drive = _drive(field, _launched(field, stack), turns, processes, connections)
            recordings = stack.enter_context(closing(drive))
            _refuse_missing(next(recordings), connections)
            held = sum(one.memory_full_info().pss for one in _generators())
        yield Held(connections, held)


def _launched(field: Field, stack: ExitStack) -> Target:
    at = stack.enter_context(block.launch(field, _NULL, "null.log")).launched
    return Target(host=at.host, port=at.port, scenario=field.scenarios[_NULL])


def _drive(
    field: Field, target: Target, turns: Sequence[Turn], processes: int, connections: int = 100
) -> Generator[Recording, None, None]:
    warm_s = field.plan.warm_s + connections * _CONNECT_S
    changes = {"load_processes": processes, "connections": connections, "warm_s": warm_s}
    plan = field.plan.model_copy(update=changes)
    log = field.logs / f"{processes}.log"
    return ConnectionEngine().drive({_NULL: target}, plan, turns, field.placement, log)


def _generators() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if any("harness.engines" in word for word in one.cmdline())]


def _refuse_missing(recording: Recording, connections: int) -> None:
    if recording.errors or recording.connections != connections:
        sys.exit(
            f"{recording.connections} of {connections} connections: {recording.first_error or 'some were not made'}"
        )


def _throughput(recording: Recording) -> float:
    if recording.errors or recording.requests_per_s is None:
        sys.exit(f"{recording.contender}: {recording.first_error or 'too few answers'}")
    return recording.requests_per_s


# Report --------------------------------------------------------------------------------------------------------------


def _report_throughput(passes: Sequence[dict[int, list[float]]]) -> None:
    logs = {count: [estimates.trimmed_mean(one[count]) for one in passes] for count in _PROCESSES}
    for count in _PROCESSES:
        _print(f"requests/s, generators: {count}", estimates.geometric_mean(logs[count]), ",.0f")
    gained = [two - one for one, two in zip(logs[1], logs[2], strict=True)]
    _print("two generators over one", estimates.geometric_mean(gained), ".3f")


def _print(what: str, found: Estimate, form: str) -> None:
    claimed = "no interval" if found.low is None else f"{found.low:{form}} to {found.high:{form}}"
    print(f"{what:<28}{found.value:>9{form}}  ({claimed}, n = {found.n})")


def _report_memory(processes: int, held: Sequence[Held]) -> None:
    """By how much each further connection adds to the fewest tried."""
    fewest = held[0]
    for one in held:
        more = one.connections - fewest.connections
        each = f", {(one.memory_bytes - fewest.memory_bytes) / more / 1024:.1f} KiB a connection" if more else ""
        print(f"{one.connections:>6,} connections, generators: {processes}{one.memory_bytes / 2**20:>9.1f} MiB{each}")


if __name__ == "__main__":
    try:
        main()
    except RematchError as error:
        sys.exit(f"error: {error.message}\n  {error.hint}")
