"""Whether the open loop tells the truth: against a server that stalls, and against a server's own log of its delays.

Generator on CPU 0, server on CPU 1. Exits with 1 if a wanted bound is not kept.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from harness import histogram
from harness.engines.connection import ConnectionEngine
from harness.model import Expectation, Placement, Plan, Recording, Request, Scenario, Target, Turn

_GENERATOR_CPU, _SERVER_CPU = 0, 1
_CONNECTIONS = 100
_RATE = 2000.0
_WINDOW_S = 10.0
_SHARES = (0.5, 0.9, 0.99)
_BOUNDS = {0.5: (0.02, 200e-6), 0.9: (0.02, 200e-6), 0.99: (0.05, 0.0)}  # relative, or seconds: whichever is more
_CAPACITY_PER_S = 10_000
_STALLED_P99_S, _SMALL_P99_S = 0.5, 0.05
_SCENARIO = Scenario(
    name="hello",
    about="",
    isolates="",
    leaves_out="",
    requests=(Request(name="hello", path="/", expect=Expectation(json_body={"message": "Hello, World!"})),),
)
_PLACEMENT = Placement(server_cpus=(_SERVER_CPU,), generator_cpus=(_GENERATOR_CPU,), owns_core=True)


def main() -> None:
    """Print both proofs, each wanted bound with what was found."""
    kept = [*_stalling(), *_mixture()]
    sys.exit(0 if all(kept) else 1)


def _stalling() -> Iterator[bool]:
    """The server stalls for 1 s in every 5."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder), "stall") as address:
        closed, opened = _driven(address, Path(folder))
    closed_p99_s, open_p99_s = (histogram.quantiles(one.latency, [0.99])[0] for one in (closed, opened))
    capacity = (closed.requests_per_s or 0.0) / (1 - 1 / 5)
    yield _said("stall: closed loop while it does not stall, 1/s", capacity, capacity >= _CAPACITY_PER_S, ">= 10,000")
    yield _said("stall: closed-loop p99, ms", 1e3 * closed_p99_s, closed_p99_s < _SMALL_P99_S, "< 50")
    yield _said("stall: open-loop p99, ms", 1e3 * open_p99_s, open_p99_s > _STALLED_P99_S, "> 500")


def _mixture() -> Iterator[bool]:
    """Delays are drawn from a mixture; the server's own log says what they really were."""
    with tempfile.TemporaryDirectory() as folder:
        with _server(Path(folder), "mixture") as address:
            _, opened = _driven(address, Path(folder))
        log_s = 1e-9 * np.array(json.loads((Path(folder) / "log.json").read_text())[-opened.answered :])
    found = histogram.quantiles(opened.latency, _SHARES)
    for share, ours_s, theirs_s in zip(_SHARES, found, np.quantile(log_s, _SHARES), strict=True):
        relative, absolute_s = _BOUNDS[share]
        kept = abs(ours_s - theirs_s) <= max(relative * theirs_s, absolute_s)
        name = f"mixture: p{100 * share:g} less the server's own {1e3 * theirs_s:.3f} ms, us"
        wanted = f"within {100 * relative:g} %" + (f" or {1e6 * absolute_s:g} us" if absolute_s else "")
        yield _said(name, 1e6 * (ours_s - theirs_s), kept, wanted)
    assert opened.paced
    lag_s = histogram.quantiles(opened.paced.lag, [0.99])[0]
    print(f"the generator sent 99 of 100 requests within {1e6 * lag_s:.0f} us of being due")


def _driven(address: tuple[str, int], folder: Path) -> list[Recording]:
    """A warm-up, then a closed-loop turn and one of open loop, of equal length."""
    plan = Plan(
        scenario="hello",
        lineup="server",
        contenders=("server",),
        reference="server",
        connections=_CONNECTIONS,
        slice_min_s=_WINDOW_S,
        slice_max_s=_WINDOW_S,
        open_s=_WINDOW_S,
    )
    turns = [
        Turn(contender="server", round=0),
        Turn(contender="server", round=1),
        Turn(contender="server", round=2, share=0.5, rate_per_s=_RATE),
    ]
    host, port = address
    target = Target(host=host, port=port, scenario=_SCENARIO)
    driving = ConnectionEngine().drive({"server": target}, plan, turns, _PLACEMENT, folder / "logs" / "x.log")
    return list(driving)[1:]


@contextmanager
def _server(folder: Path, behaviour: str) -> Iterator[tuple[str, int]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        address = probe.getsockname()
    program = str(Path(__file__).with_name("delaying_server.py"))
    server = subprocess.Popen(
        [sys.executable, program, str(address[1]), str(folder / "log.json"), behaviour],
        preexec_fn=lambda: os.sched_setaffinity(0, {_SERVER_CPU}),  # noqa: PLW1509  # one thread only
    )
    try:
        _await(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def _await(address: tuple[str, int], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            socket.create_connection(address).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _said(name: str, found: float, kept: bool, wanted: str) -> bool:  # noqa: FBT001  # a column of what is printed
    print(f"{name:<62} {found:>12,.1f}   wanted {wanted:<18} {'kept' if kept else 'NOT KEPT'}")
    return kept


if __name__ == "__main__":
    main()
