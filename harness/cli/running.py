"""`./bench run`: from a clean clone to a table, charts and a verdict."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from harness import campaign, prepare, store
from harness.block import Field
from harness.cli import steps
from harness.cli.output import ExitCode, note, progress
from harness.hosts.local import LocalHost
from harness.model import ResultSet, RunHead, Verdict


def run(
    scenario: Annotated[str, typer.Argument(help="What is asked of every app: see ./bench list.")] = "json",
    *,
    lineup: Annotated[str, typer.Option(help="A named list of contenders: fair, article, baselines.")] = "fair",
    contenders: Annotated[
        list[str] | None,
        typer.Option(help="[LABEL=][PATH:]app[@deployment], in place of a line-up; once per contender or with commas."),
    ] = None,
    app: Annotated[
        list[Path] | None, typer.Option(help="The folder of an app of your own, to set beside the line-up.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="The contender that ratios are taken to.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute; shows that it works, nothing else.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="24 blocks, for numbers that others will read.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    resume: Annotated[Path | None, typer.Option(help="The folder of a run: do the blocks that it lacks.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="connection, or fasthttp: what stock Locust would have told you.")
    ] = None,
    connections: Annotated[
        int | None, typer.Option(min=1, max=10000, help="Concurrent connections, always busy.")
    ] = None,
    blocks: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Blocks; 8 at least where an interval is claimed.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="Slices of each contender in a block.")] = None,
    starts: Annotated[int | None, typer.Option(min=0, max=1000, help="Cold starts of each contender; 0: none.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the random orders; chosen at random and recorded.")] = None,
    wait: Annotated[
        Literal["spin", "sleep"] | None, typer.Option(help="How the generator waits; spin if it owns a core.")
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Keep every single latency.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the run's folder is made; results/runs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Measure contenders: throughput, latency and cold start, as a table, charts and a verdict."""
    given = {"engine": engine, "connections": connections, "blocks": blocks, "rounds": rounds, "starts": starts}
    given |= {"seed": seed, "wait": wait, "samples": samples or None}
    asked = prepare.Asked(
        scenario=scenario,
        lineup=lineup,
        contenders=[one for several in contenders or () for one in several.split(",")],
        own=app or (),
        reference=reference,
        plan={**_preset(quick=quick, publish=publish), **{key: one for key, one in given.items() if one is not None}},
    )
    folder = _measure(asked, out or prepare.RUNS, resume, dry_run=dry_run)
    if folder:
        _finish(folder, json=json)


def _preset(*, quick: bool, publish: bool) -> Mapping[str, Any]:
    if quick and publish:
        raise typer.BadParameter("--quick shows nothing and --publish wants to be read: choose one")
    return prepare.QUICK if quick else prepare.PUBLISH if publish else {}


def _measure(asked: prepare.Asked, runs: Path, resume: Path | None, *, dry_run: bool) -> Path | None:
    """Do all that touches the machine. Returns the folder of the run, None after a dry run."""
    before = store.read(resume) if resume else None
    asked = prepare.Asked.again(before.head.plan) if before else asked
    entry = prepare.enter(asked)
    with LocalHost(exclusive=not dry_run) as host:
        plan = prepare.plan(entry, asked, host.placement)
        steps.announce(entry, plan, host.placement)
        if dry_run:
            return None
        steps.make_environments(entry.apps)
        steps.look_at_machine(host)
        folder = resume or store.new_folder(runs, plan.lineup, time.time())
        head = prepare.head(entry, plan, host, folder.name, time.time())
        _open(folder, head, before)
        _play(prepare.field_of(entry, plan, host, folder / "logs"), folder)
    return folder


def _open(folder: Path, head: RunHead, before: ResultSet | None) -> None:
    """Put the plan on disk, or make sure that the one there can be gone on with."""
    if before:
        campaign.refuse_other(before.head, head)
        store.mend(folder)
    else:
        store.write_head(folder, head)


def _play(field: Field, folder: Path) -> None:
    """Rehearse, then measure. However it ends, what was measured is on disk."""
    steps.rehearse(field)
    done = store.read(folder)
    try:
        with progress("measuring", campaign.steps(done.head)) as advance:
            advance("", len(done.counted))
            for outcome in campaign.play(field, folder, done):
                advance(campaign.said_of(outcome))
    except BaseException:
        note(f"stopped; what was measured is kept. Go on with: ./bench run --resume {shlex.quote(str(folder))}")
        raise


def _finish(folder: Path, *, json: bool) -> None:
    """Derive all that can be derived, and show it."""
    result_set, summary = steps.derive(folder, folder)
    steps.show(result_set, summary, json=json)
    note(f"the run is in {folder}")
    contenders = [row for row in summary.rows if row.member.role == "contender"]
    if any(row.verdict == Verdict.INVALID for row in contenders):
        raise typer.Exit(ExitCode.INVALID)
