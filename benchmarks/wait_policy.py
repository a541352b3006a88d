"""What the generator's wait policy does to servers: the same ones, driven in turns by two generators on one CPU.

One spins while it has load, the other sleeps; a slice each, so both meet the same weather.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import block, prepare
from harness.block import Field
from harness.cli import steps
from harness.engines.connection import ConnectionEngine
from harness.errors import RematchError
from harness.hosts.local import LocalHost
from harness.model import Recording, Target, Turn
from harness.stats import estimates

_LABELS = _FASTAPI, _FLASK, _ = ("fastapi@uvicorn", "flask@gthread", "null")
_POLICIES = _SPIN, _SLEEP = ("spin", "sleep")

Pass = Mapping[tuple[str, str], Sequence[float]]
"""Logarithms of throughput, slice by slice, by contender and policy, over one launch of the servers."""


def main() -> None:
    """Measure, then print how throughputs and their ratio depend on the policy."""
    options = _options()
    asked = prepare.Asked(contenders=_LABELS)
    entry = prepare.enter(asked)
    with LocalHost(exclusive=True) as host, tempfile.TemporaryDirectory() as folder:
        steps.make_environments(host, entry.apps)
        plan = prepare.plan(entry, asked, host.placement)
        if plan.wait != _SPIN:
            sys.exit("This benchmark needs two cores: one for the generators and one for the servers.")
        field = prepare.field_of(entry, plan, host, Path(folder) / "logs")
        passes = [_passed(field, options.rounds) for _ in range(options.passes)]
    _report(passes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    said = f"launches of the servers; no interval is claimed under {estimates.FEWEST}"
    parser.add_argument("--passes", type=int, default=12, help=said)
    parser.add_argument("--rounds", type=int, default=4, help="slices of each policy and contender in a pass")
    return parser.parse_args()


def _passed(field: Field, rounds: int) -> Pass:
    """Launch the servers and let both generators take the same turns, now the one first, now the other."""
    found: dict[tuple[str, str], list[float]] = {(label, policy): [] for label in _LABELS for policy in _POLICIES}
    turns = [Turn(contender=label, round=number) for number in range(rounds + 1) for label in _LABELS]
    with ExitStack() as stack:
        launched = [stack.enter_context(block.launch(field, label, f"{label}.log")).launched for label in _LABELS]
        targets = {
            one.contender: Target(host=one.host, port=one.port, scenario=field.scenarios[one.contender])
            for one in launched
        }
        recordings = {
            policy: stack.enter_context(
                closing(
                    ConnectionEngine().drive(
                        targets,
                        field.plan.model_copy(update={"wait": policy}),
                        turns,
                        field.placement,
                        field.logs / f"{policy}.log",
                    )
                )
            )
            for policy in _POLICIES
        }
        for number, turn in enumerate(turns):
            for policy in _POLICIES[:: 1 if number % 2 else -1]:
                per_s = _throughput(next(recordings[policy]))
                if turn.round:
                    found[turn.contender, policy].append(math.log(per_s))
    return found


def _throughput(recording: Recording) -> float:
    if recording.errors or recording.requests_per_s is None:
        sys.exit(f"{recording.contender}: {recording.first_error or 'too few answers'}")
    return recording.requests_per_s


# Report --------------------------------------------------------------------------------------------------------------


def _report(passes: Sequence[Pass]) -> None:
    logs = {key: np.array([one[key] for one in passes]) for key in passes[0]}
    for label in _LABELS:
        _print(f"{label}, requests/s, spin", logs[label, _SPIN], ",.0f")
        _print(f"{label}, requests/s, sleep", logs[label, _SLEEP], ",.0f")
        _print(f"{label}, spin / sleep", logs[label, _SPIN] - logs[label, _SLEEP])
    spinning, sleeping = (logs[_FLASK, policy] - logs[_FASTAPI, policy] for policy in _POLICIES)
    _print("Flask / FastAPI, spin", spinning)
    _print("Flask / FastAPI, sleep", sleeping)
    _print("Flask / FastAPI, spin / sleep", spinning - sleeping)


def _print(what: str, logs: NDArray[np.float64], form: str = ".3f") -> None:
    """The geometric mean over passes (rows) of the trimmed means of their slices, with its 95 % interval."""
    found = estimates.geometric_mean([estimates.trimmed_mean(slices) for slices in logs])
    claimed = "no interval" if found.low is None else f"{found.low:{form}} to {found.high:{form}}"
    print(f"{what:<36}{found.value:>9{form}}  ({claimed}, n = {found.n})")


if __name__ == "__main__":
    try:
        main()
    except RematchError as error:
        sys.exit(f"error: {error.message}\n  {error.hint}")
