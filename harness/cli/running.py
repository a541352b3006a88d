"""`./bench run`: from a clean clone to a table, charts and a verdict."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from harness import campaign, prepare, store
from harness.block import Field
from harness.cli import options, steps
from harness.cli.output import ExitCode, note, progress
from harness.errors import InputError
from harness.hosts.local import LocalHost
from harness.model import ResultSet, Row, RunHead, Verdict

_BESIDE_RESUME = {"resume", "dry_run", "json"}


def run(
    context: typer.Context,
    scenario: options.Scenario = "json",
    *,
    lineup: options.Lineup = "fair",
    contenders: options.Contenders = None,
    app: options.OwnApps = None,
    reference: options.Reference = None,
    quick: options.Quick = False,
    publish: options.Publish = False,
    dry_run: options.DryRun = False,
    resume: options.Resume = None,
    engine: options.Engine = None,
    connections: options.Connections = None,
    blocks: options.Blocks = None,
    rounds: options.Rounds = None,
    starts: options.Starts = None,
    duets: options.Duets = None,
    open_blocks: options.OpenBlocks = None,
    other_wait_blocks: options.OtherWaitBlocks = None,
    dropped_starts: options.DroppedStarts = None,
    no_bytecode_starts: options.NoBytecodeStarts = None,
    seed: options.Seed = None,
    wait: options.Wait = None,
    samples: options.Samples = False,
    out: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Measure contenders: throughput, latency and cold start, as a table, charts and a verdict."""
    given = {"engine": engine, "connections": connections, "blocks": blocks, "rounds": rounds, "starts": starts}
    given |= {"duets": duets, "open_blocks": open_blocks, "other_wait_blocks": other_wait_blocks}
    given |= {"dropped_starts": dropped_starts, "no_bytecode_starts": no_bytecode_starts}
    given |= {"seed": seed, "wait": wait, "samples": samples or None}
    asked = prepare.Asked(
        scenario=scenario,
        lineup=lineup,
        contenders=[one for several in contenders or () for one in several.split(",")],
        own=app or (),
        reference=reference,
        plan={
            **_preset(engine, quick=quick, publish=publish),
            **{key: one for key, one in given.items() if one is not None},
        },
    )
    if resume:
        _refuse_another_plan(context)
    folder = measure(asked, out or prepare.RUNS, resume, dry_run=dry_run)
    if folder:
        _finish(folder, json=json)


def measure(asked: prepare.Asked, runs: Path, resume: Path | None, *, dry_run: bool) -> Path | None:
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
        for spoiler in steps.look_at_machine(host):
            note(f"  {spoiler}")
        folder = resume or store.new_folder(runs, plan.lineup, time.time())
        head = prepare.head(entry, plan, host, folder.name, time.time(), sys.argv[1:])
        steps.warn_of_drops(head)
        _open(folder, head, before)
        _play(prepare.field_of(entry, plan, host, folder / "logs"), folder)
    return folder


def exit_code(rows: Sequence[Row], *, quick: bool) -> ExitCode:
    """How a run went. A quick run shows nothing, so it leaves nothing undecided."""
    verdicts = {row.verdict for row in rows if not row.member.is_yardstick}
    if Verdict.INVALID in verdicts:
        return ExitCode.INVALID
    return ExitCode.UNDECIDED if Verdict.UNSETTLED in verdicts and not quick else ExitCode.DONE


def _preset(engine: str | None, *, quick: bool, publish: bool) -> Mapping[str, Any]:
    if quick and publish:
        raise typer.BadParameter("--quick shows nothing and --publish wants to be read: choose one")
    return prepare.preset(prepare.QUICK if quick else prepare.PUBLISH if publish else prepare.USUAL, engine)


def _refuse_another_plan(context: typer.Context) -> None:
    """Raise InputError if anything was given that the plan of the run to go on with has settled."""
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in _BESIDE_RESUME and steps.is_given(context, str(parameter.name))
    ]
    if given:
        raise InputError(
            f"--resume goes on by the plan of the run, so it cannot be given together with {', '.join(given)}",
            "Leave that out; or leave --resume out and start a new run.",
        )


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
    try:
        result_set, summary = steps.derive(folder, folder)
    except BaseException:
        note(f"all is measured and kept; the report can be made with: ./bench report {shlex.quote(str(folder))}")
        raise
    steps.show(result_set, summary, json=json)
    note(f"the run is in {folder}")
    raise typer.Exit(exit_code(summary.rows, quick=result_set.head.plan.quick))
