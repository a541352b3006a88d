"""Every guard fires: real runs, each spoilt in one real way, and a clean one in which no guard may say a word.

A guard that does not fire where it must, or fires in the clean run, is a finding: exit code 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks import disturbances
from benchmarks.disturbances import LABEL, CannotError, Struck
from harness import campaign, guards, prepare, store
from harness.block import Field
from harness.catalog import ROOT
from harness.engines.connection import ConnectionEngine
from harness.engines.stepping import SteppedEngine
from harness.errors import RematchError
from harness.hosts.local import LocalHost
from harness.model import Doubt
from harness.stats.estimates import FEWEST

APPS = ROOT / "benchmarks" / "apps"
_LOCK = "rematch-guards-fire"
_PLAN = {"rounds": 3, "starts": 0, "warm_s": 0.4, "warm_spread_s": 0.0, "slice_max_s": 1.0}
_MEMORY_BYTES = 192 * 2**20
CLEAN = "clean"


class ThinkingEngine(SteppedEngine):
    """Its users think between two questions."""

    module = "benchmarks.thinking"


@dataclass(frozen=True)
class Case:
    """One run: how it is spoilt, and the guards that must see it.

    `served` is a deployment of benchmarks/apps/misbehaving, `instead` a contender in its place, `cpus` how many CPUs
    the run may use; `changed` alters the field, `beside` goes on all through the run, `strike` happens in the midst of
    a slice, once a block.
    """

    name: str
    spoilt: str
    fires: tuple[str, ...]
    served: str = "well"
    instead: str | None = None
    scenario: str = "json"
    blocks: int = 2
    connections: int = 100
    quick: bool = False
    cpus: int | None = None
    changed: Callable[[Field], Field] = lambda field: field
    beside: Callable[[LocalHost], AbstractContextManager[None]] = lambda _: nullcontext()
    strike: Callable[[LocalHost], None] | None = None


CASES = (
    Case(CLEAN, "nothing", (), blocks=FEWEST),
    Case("few", "a quick run of two blocks", ("quick run", "blocks"), quick=True),
    Case("fails", "answers 500 now and then", ("right answers",), served="fails"),
    Case("lies", "gives a wrong body now and then", ("right answers",), served="lies"),
    Case("cuts", "cuts an answer off now and then", ("right answers",), served="cuts"),
    Case("vanishes", "closes after each answer without a word", ("right answers",), served="vanishes"),
    Case("closes", "closes after each answer, declared to keep", ("connections", "reconnects"), served="closes"),
    Case(
        "killed",
        "a worker is killed in the midst of a slice",
        ("workers alive", "right answers"),
        strike=disturbances.kill_worker,
    ),
    Case(
        "memory",
        "keeps 100 kB of every request, under a memory limit",
        ("throttling, memory", "workers alive"),
        served="eats",
        changed=lambda field: replace(field, limits=field.limits.model_copy(update={"memory_bytes": _MEMORY_BYTES})),
        beside=disturbances.short_of_memory,
    ),
    Case("quota", "a CPU quota on all servers", ("throttling, memory",), beside=disturbances.throttled),
    Case("server-moved", "a server is moved to the generator's CPU", ("limits",), strike=disturbances.move_server),
    Case("one-cpu", "one CPU for all", ("own core",), cpus=1),
    Case(
        "generator-moved",
        "the generator is moved to the servers' CPU",
        ("generator's own time",),
        strike=disturbances.move_generator,
    ),
    Case(
        "server-hog",
        "another program on the servers' CPU",
        ("foreign CPU",),
        beside=lambda host: disturbances.hogged(host.placement.server_cpus),
    ),
    Case(
        "generator-hog",
        "another program on the generator's CPU",
        ("foreign CPU", "generator's own time"),
        beside=lambda host: disturbances.hogged(host.placement.generator_cpus),
    ),
    Case("races", "answers as fast as the null server", ("ceiling", "generator CPU"), served="races"),
    Case(
        "thinks",
        "users wait 5 ms between two questions",
        ("think time",),
        changed=lambda field: replace(field, engine=ThinkingEngine()),
    ),
    Case("waves", "lets all wait 0.4 s, and answers them at once", ("room in a slice",), served="waves"),
    Case("favours", "lets every other connection wait 0.4 s", ("Little's law",), served="favours"),
    Case(
        "stalls", "lets one request of 120 wait 3 s", ("ordering", "room in a slice"), served="stalls", connections=20
    ),
    Case(
        "collects",
        "stands still for 0.15 s after half a second of work, in the same slice of every block",
        ("age",),
        served="collects",
        blocks=FEWEST,
    ),
    Case("tires", "does more work the longer the run is", ("steady",), served="tires", blocks=FEWEST),
    Case(
        "loses-mails",
        "sign-ups whose mails go to a port where nobody listens",
        ("mails",),
        instead="flask",
        scenario="signup",
        changed=lambda field: _told(field, MAIL_URL="smtp://127.0.0.1:9"),
    ),
    Case(
        "overdraws",
        "its pool holds twice the connections that it should",
        ("database connections",),
        instead="fastapi",
        scenario="item",
        changed=lambda field: _serving(field, DATABASE_POOL_SIZE="50"),
    ),
)

ALWAYS = (*guards.OF_A_CONTENDER, *guards.OF_THE_RUN)
"""Those that look at every run; the others at what not every run has, such as mails."""
WITHOUT_CASE = {
    "steal": "only synthetic: a guest cannot make its hypervisor steal",
    "worker balance": "only said, never judged",
}


@dataclass(frozen=True)
class Seen:
    """What became of a case: what each guard saw, or why nothing could be seen. `known`: such a machine cannot."""

    case: Case
    doubts: tuple[Doubt, ...] = ()
    trouble: str = ""
    known: bool = False

    def of(self, guard: str) -> Doubt:
        """What a guard saw of the contender, or of the run."""
        return next(one for one in self.doubts if one.guard == guard and one.contender in {LABEL, None})


def main() -> None:
    """Run the cases that were asked for, then print what each guard did."""
    sys.exit(1 if _report([_timed(case) for case in _chosen()]) else 0)


def _chosen() -> Sequence[Case]:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    names = [case.name for case in CASES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these runs: {', '.join(names)}")
    asked = parser.parse_args().names
    if unknown := sorted(set(asked) - set(names)):
        parser.error(f"there is no run called {', '.join(unknown)}")
    return [case for case in CASES if case.name in asked or not asked]


# One run -------------------------------------------------------------------------------------------------------------


def _timed(case: Case) -> Seen:
    """Run a case, saying which and for how long."""
    started_s = time.monotonic()
    print(f"{case.name:<18}", end="", file=sys.stderr, flush=True)
    seen = _seen(case)
    print(f"{time.monotonic() - started_s:4.0f} s  {seen.trouble}", file=sys.stderr)
    return seen


def _seen(case: Case) -> Seen:
    folder = Path(tempfile.mkdtemp(prefix="rematch-guards-"))
    try:
        with _confined(case.cpus), LocalHost(exclusive=True, lock=_LOCK) as host:
            doubts = _doubts(case, host, folder)
    except CannotError as error:
        return Seen(case, trouble=f"skipped: {error}", known=True)
    except RematchError as error:
        return Seen(case, trouble=f"could not be run: {error.message} {error.hint}")
    finally:
        shutil.rmtree(folder)
    return Seen(case, doubts)


def _doubts(case: Case, host: LocalHost, folder: Path) -> tuple[Doubt, ...]:
    """Measure as `./bench run` does, spoilt as the case says."""
    plan = {**_PLAN, "blocks": case.blocks, "quick": case.quick, "connections": case.connections}
    contender = f"{LABEL}={case.instead or f'{APPS}:misbehaving@{case.served}'}"
    asked = prepare.Asked(scenario=case.scenario, contenders=[contender], plan=plan)
    entry = prepare.enter(asked)
    for app in host.environments.missing(entry.apps):
        host.environments.make(app)
    chosen = prepare.plan(entry, asked, host.placement)
    store.write_head(folder, prepare.head(entry, chosen, host, case.name, time.time()))
    field = case.changed(prepare.field_of(entry, chosen, host, folder / "logs"))
    if case.strike:
        strike = case.strike
        field = replace(field, engine=Struck(lambda: strike(host), ConnectionEngine()))
    with case.beside(host):
        for _ in campaign.play(field, folder, store.read(folder)):
            pass
    return guards.doubts(store.read(folder))


def _told(field: Field, **settings: str) -> Field:
    """With these settings for the contender, whatever the services say."""
    told = field.scenario.model_copy(update={"settings": {**field.scenario.settings, **settings}})
    return replace(field, scenario=told, scenarios={**field.scenarios, LABEL: told})


def _serving(field: Field, **environment: str) -> Field:
    """With these variables for the contender, of which nobody else knows."""
    contender = field.contenders[LABEL]
    deployment = contender.deployment.model_copy(update={"environment": environment})
    deployments = {**contender.app.deployments, contender.deployment_name: deployment}
    app = contender.app.model_copy(update={"deployments": deployments})
    return replace(field, contenders={**field.contenders, LABEL: contender.model_copy(update={"app": app})})


@contextmanager
def _confined(cpus: int | None) -> Iterator[None]:
    """Keep this process, and all that it starts meanwhile, on so many CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cpus])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# Report --------------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """What one guard did in one run. `finding`: not what it must."""

    guard: str
    spoilt: str
    fired: str
    evidence: str
    finding: bool = False


def lines(guard: str, runs: Iterable[Seen]) -> Iterator[Line]:
    """What a guard did in the clean run, and in those in which it must fire."""
    if guard in WITHOUT_CASE:
        yield Line(guard, WITHOUT_CASE[guard], "-", "")
    for seen in runs:
        if (seen.case.name == CLEAN and guard in ALWAYS) or guard in seen.case.fires:
            yield _line(guard, seen, must=guard in seen.case.fires)


def _line(guard: str, seen: Seen, *, must: bool) -> Line:
    spoilt = f"{seen.case.name}: {seen.case.spoilt}"
    if seen.trouble:
        return Line(guard, spoilt, "-" if seen.known else "NOT RUN", seen.trouble, finding=not seen.known)
    doubt = seen.of(guard)
    if not doubt.checked:
        return Line(guard, spoilt, "NOT CHECKED" if must else "not checked", doubt.evidence, finding=must)
    fired = doubt.gives is not None
    word = ("yes" if must else "YES") if fired else ("NO" if must else "no")
    return Line(guard, spoilt, word, doubt.evidence, finding=fired is not must)


def _report(runs: Sequence[Seen]) -> int:
    """Print what every guard did. Returns how many findings there were."""
    named = dict.fromkeys((*ALWAYS, *(guard for seen in runs for guard in seen.case.fires)))
    found = [line for guard in named for line in lines(guard, runs)]
    width = 2 + max(len(line.spoilt) for line in found)
    for line in (Line("guard", "disturbance", "fired", "evidence"), *found):
        print(f"{line.guard:<22}{line.spoilt:<{width}}{line.fired:<13}{line.evidence}")
    findings = sum(line.finding for line in found)
    print("Every guard did what it must." if not findings else f"Findings: {findings}, in capitals.")
    return findings


if __name__ == "__main__":
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) <= 1:
        sys.exit("This benchmark needs Linux and two CPUs: one for the generator and one for the servers.")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nstopped; nothing of it is kept")
