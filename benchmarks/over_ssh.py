"""Whether a contender behind SSH, in a network namespace of this machine, is as fast as the same one launched directly.

Two runs of one plan, block by block in rotation, so that both meet the same weather; then `compare`. It needs root and
sshd.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import compare, prepare, store
from harness.campaign import Part
from harness.catalog import ROOT
from harness.cli import steps
from harness.compare import Compared, Side
from harness.errors import RematchError
from harness.hosts.base import Host
from harness.hosts.local import LocalHost
from harness.hosts.ssh import SshHost
from harness.model import Estimate
from harness.summary import summarize
from tests.sshd import network, sshd

_SAME = 0.05
"""How close is close enough here: the interval is that of `compare`, which says SAME within 3 % of its own."""


def main() -> None:
    """Measure both ways, then print what they are to each other."""
    options = _options()
    with tempfile.TemporaryDirectory() as name, _both(Path(name)) as hosts:
        runs = _measured(options, hosts, Path(name))
        first, second = (Side(read, summarize(read)) for read in map(store.read, runs))
        found = compare.contrast(first, second, compare.pairs(first.head, second.head, (None, None)))
    for pair in found.pairs:
        _say(pair)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--contender", default="flask@gthread")
    parser.add_argument("--blocks", type=int, default=12, help="of each; no interval is claimed under 8")
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


@contextmanager
def _both(folder: Path) -> Iterator[Sequence[Host]]:
    """This machine, and itself through SSH. There is no registry in a namespace: it gets the environments from here."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "environments").symlink_to((ROOT / ".environments").resolve())
    with ExitStack() as stack:
        (machine,) = stack.enter_context(network())
        there = stack.enter_context(sshd(folder / "sshd", machine.address, machine.inside, cache))
        behind = stack.enter_context(SshHost(there.address, exclusive=True, provisions=False))
        yield stack.enter_context(LocalHost()), behind


def _measured(options: argparse.Namespace, hosts: Sequence[Host], folder: Path) -> list[Path]:
    plan = {"blocks": options.blocks, "rounds": options.rounds, "starts": 5, "seed": 1}
    asked = prepare.Asked(contenders=(options.contender,), plan=plan)
    entry = prepare.enter(asked)
    runs, parts = [], []
    for name, host in zip(("directly", "behind SSH"), hosts, strict=True):
        steps.make_environments(host, entry.apps)
        chosen = prepare.plan(entry, asked, host.placement)
        runs.append(store.new_part(folder, name))
        steps.open_run(runs[-1], prepare.head(entry, chosen, host, name, time.time()), None)
        field = prepare.field_of(entry, chosen, host, runs[-1] / "logs")
        parts.append(Part(field, runs[-1], store.read(runs[-1])))
    steps.play(parts, folder)
    return runs


def _say(pair: Compared) -> None:
    if pair.ratio is None:
        print(f"{pair.first.label}: cannot be compared: {pair.because}")
        return
    print(f"{pair.first.label}: behind SSH {_told(pair.ratio.ratio)}")
    if pair.over_control:
        print(f"  beside `control`, which goes the same way: {_told(pair.over_control.ratio)}")


def _told(ratio: Estimate) -> str:
    interval = "no interval under 8 blocks" if ratio.low is None else f"{ratio.low:.3f} to {ratio.high:.3f}"
    said = "SAME within 5 %" if _is_same(ratio) else "not shown to be the same within 5 %"
    return f"{ratio.value:.3f} times as fast ({interval}): {said}"


def _is_same(ratio: Estimate) -> bool:
    return ratio.low is not None and ratio.high is not None and 1 - _SAME <= ratio.low <= ratio.high <= 1 + _SAME


if __name__ == "__main__":
    try:
        main()
    except RematchError as error:
        sys.exit(f"error: {error.message}\n  {error.hint}")
