"""A sweep: the same line-up at several numbers of connections, one run each, block by block in rotation."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from harness import prepare, store
from harness.campaign import Part
from harness.cli import steps
from harness.cli.output import document, note, results
from harness.hosts.local import LocalHost
from harness.model import Plan, ResultSet, RunHead, Sweep
from harness.prepare import Asked, Entry


def sweep(asked: Asked, counts: Sequence[int], runs: Path, resume: Path | None, *, dry_run: bool, json: bool) -> None:
    """Make or go on with a sweep, and show what came out. Exits with the code of the worst of its runs."""
    folder = _measure(asked, counts, runs, resume, dry_run=dry_run)
    if folder is None:
        return
    try:
        found, derived = steps.derive_sweep(folder, folder)
    except BaseException:
        note(f"all is measured and kept; the report can be made with: ./bench report {shlex.quote(str(folder))}")
        raise
    show(derived[0][0].head, found, json=json)
    note(f"the runs are in {folder}")
    rows = (row for _, summary in derived for row in summary.rows)
    raise typer.Exit(steps.exit_code(rows, quick=derived[0][0].head.plan.quick))


def show(head: RunHead, sweep: Sweep, *, json: bool) -> None:
    """What a sweep says, for people or for programs."""
    from harness import report  # tables are slow to import: --help goes without

    if json:
        document(sweep.model_dump_json(indent=1))
    else:
        report.show_sweep(head, sweep, results)


def _measure(asked: Asked, counts: Sequence[int], runs: Path, resume: Path | None, *, dry_run: bool) -> Path | None:
    """Do all that touches the machine. Returns the folder of the sweep, None after a dry run."""
    before: list[ResultSet | None] = [store.read(part) for part in store.parts(resume)] if resume else []
    each = [Asked.again(done.head.plan) for done in before if done] or prepare.sweep(asked, counts)
    entry = prepare.enter(each[0])
    with LocalHost(exclusive=not dry_run) as host:
        plans = [prepare.plan(entry, one, host.placement) for one in each]
        steps.announce(entry, plans[0], host.placement, *plans[1:])
        if dry_run:
            return None
        steps.make_environments(entry.apps)
        for spoiler in steps.look_at_machine(host, quick=plans[0].quick):
            note(f"  {spoiler}")
        folder = resume or store.new_folder(runs, f"{entry.lineup}-sweep", time.time())
        parts = [
            _part(entry, plan, host, folder, done)
            for plan, done in zip(plans, before or [None] * len(plans), strict=True)
        ]
        steps.rehearse(replace(parts[0].field, logs=folder / "logs"))
        steps.play(parts, folder)
    return folder


def _part(entry: Entry, plan: Plan, host: LocalHost, folder: Path, before: ResultSet | None) -> Part:
    """One run of the sweep, with its plan on disk."""
    name = f"c{plan.connections}"
    part = folder / name if before else store.new_part(folder, name)
    steps.open_run(part, prepare.head(entry, plan, host, f"{folder.name}/{name}", time.time(), sys.argv[1:]), before)
    return Part(prepare.field_of(entry, plan, host, part / "logs"), part, store.read(part))
