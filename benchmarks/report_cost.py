"""What `./bench report` of a `--publish` run costs: wall time, CPU time and the most memory, beside what is wanted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from harness.catalog import ROOT

_RUN = ROOT / "results" / "reference" / "fair"
_TIMES = 3
_WANTED_S, _WANTED_BYTES = 20.0, 2**30


class Cost(NamedTuple):
    """Of one report."""

    wall_s: float
    cpu_s: float
    memory_bytes: int


def main() -> None:
    """Report a copy of the reference run a few times, then print what each cost and whether the middle one may."""
    subprocess.run([ROOT / "bench", "--help"], check=True, stdout=subprocess.DEVNULL)  # it may make its environment
    with tempfile.TemporaryDirectory() as folder:
        run = shutil.copytree(_RUN, Path(folder) / _RUN.name)
        costs = [_cost(run) for _ in range(_TIMES)]
    outcomes = (_RUN / "outcomes.jsonl").read_bytes().count(b"\n")
    print(f"./bench report {_RUN.relative_to(ROOT)}: {outcomes:,} outcomes")
    _print("wall time", [cost.wall_s for cost in costs], lambda one: f"{one:.1f} s", _WANTED_S)
    _print("CPU time", [cost.cpu_s for cost in costs], lambda one: f"{one:.1f} s")
    _print("memory", [cost.memory_bytes for cost in costs], lambda one: f"{one / 2**20:.0f} MiB", _WANTED_BYTES)


def _cost(run: Path) -> Cost:
    started_s = time.monotonic()
    reporting = subprocess.Popen([ROOT / "bench", "report", run], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(reporting.pid, 0)
    reporting.returncode = os.waitstatus_to_exitcode(status)
    if reporting.returncode:
        raise SystemExit(f"./bench report failed (exit code {reporting.returncode}): {run}")
    return Cost(time.monotonic() - started_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _print(what: str, costs: Sequence[float], show: Callable[[float], str], wanted: float | None = None) -> None:
    kept = "" if wanted is None else f"wanted: under {show(wanted)}; {'kept' if median(costs) < wanted else 'NOT KEPT'}"
    print(f"{what:<11}{', '.join(map(show, costs)):<32}{kept}")


if __name__ == "__main__":
    main()
