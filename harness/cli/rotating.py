"""Several runs in one folder, block by block in rotation: a sweep over connections, or a matrix of scenarios."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import typer

from harness import locks, prepare, several, store
from harness.campaign import Part
from harness.cli import steps
from harness.cli.lasting import needed_s
from harness.cli.output import document, note, results
from harness.cli.places import Where, anonymous, opened, refuse_samples_from_afar, spots
from harness.errors import InputError
from harness.hosts.base import Host
from harness.model import Matrix, Plan, ResultSet, RunHead, Sweep
from harness.prepare import Asked, Entry


def measure_and_show(each: Sequence[Asked], runs: Path, *, dry_run: bool, json: bool, where: Where) -> None:
    """Make several runs, and show what came out. Exits with the code of the worst of them."""
    folder = _measure(each, [], runs, None, dry_run=dry_run, where=where)
    if folder:
        _finish(folder, json=json)


def go_on(folder: Path, *, dry_run: bool, json: bool, where: Where) -> None:
    """Do what the runs in a folder lack, and show what came out. Exits with the code of the worst of them."""
    before = steps.read_several(folder)
    each = [Asked.again(done.head.plan, folder / Path(done.head.name).name) for done in before]
    if _measure(each, before, folder.parent, folder, dry_run=dry_run, where=where):
        _finish(folder, json=json)


def show(head: RunHead, found: Sweep | Matrix, *, json: bool) -> None:
    """What several runs say together, for people or for programs."""
    from harness import report  # tables are slow to import: --help goes without

    if json:
        document(found.model_dump_json(indent=1))
    else:
        report.show_several(head, found, results)


def _finish(folder: Path, *, json: bool) -> None:
    """Derive all that can be derived, and show it."""
    with steps.reported(folder):
        found, derived = steps.derive_several(folder, folder)
    head = derived[0][0].head
    show(head, found, json=json)
    note(f"the runs are in {folder}")
    rows = (row for _, summary in derived for row in summary.rows)
    raise typer.Exit(steps.exit_code(rows, quick=head.plan.quick))


def _measure(
    each: Sequence[Asked],
    before: Sequence[ResultSet],
    runs: Path,
    resume: Path | None,
    *,
    dry_run: bool,
    where: Where,
) -> Path | None:
    """Do all that touches the machine. Returns the folder of the runs, None after a dry run."""
    refuse_samples_from_afar(where, each)
    entries = [prepare.enter(one) for one in each]
    _refuse_several_references(entries)
    done: Sequence[ResultSet | None] = before or [None] * len(entries)
    with ExitStack() as machine:
        needs_s = needed_s(where, zip(entries, each, done, strict=True))
        host = machine.enter_context(opened(where, exclusive=not dry_run, provisions=not dry_run, needs_s=needs_s))
        plans = [prepare.plan(entry, one, host.placement) for entry, one in zip(entries, each, strict=True)]
        steps.announce(list(zip(entries, plans, strict=True)), host.placement)
        if dry_run:
            steps.announce_environments(host, prepare.apps(entries))
            return None
        steps.make_environments(host, prepare.apps(entries))
        for spoiler in steps.look_at_machine(host, quick=plans[0].quick):
            note(f"  {spoiler}")
        folder = resume or store.new_folder(runs, f"{entries[0].lineup}-{_kind(plans)}", time.time())
        names = _names(plans)
        parts = [_part(*one, host, folder) for one in zip(entries, plans, names, done, strict=True)]
        _rehearse(parts, folder)
        steps.play(parts, folder)
        with steps.reported(folder):
            machine.close()
    return folder


def _refuse_several_references(entries: Sequence[Entry]) -> None:
    """Ratios of one table are to one contender."""
    named = {entry.reference: entry.scenario.name for entry in entries}
    if len(named) > 1:
        listed = ", ".join(f'`{reference}` in "{scenario}"' for reference, scenario in named.items())
        raise InputError(
            f"ratios would be to another contender in each scenario: {listed}",
            "Name one that takes part in all of them with --reference.",
        )


def _kind(plans: Sequence[Plan]) -> str:
    return "sweep" if several.is_sweep(plans) else "matrix"


def _names(plans: Sequence[Plan]) -> list[str]:
    """What the folder of each run is called."""
    return [f"c{plan.connections}" if several.is_sweep(plans) else plan.scenario for plan in plans]


def _part(entry: Entry, plan: Plan, name: str, before: ResultSet | None, host: Host, folder: Path) -> Part:
    """One of the runs, with its plan on disk."""
    part = folder / name if before else store.new_part(folder, name)
    head = prepare.head(entry, plan, host, f"{folder.name}/{name}", time.time(), anonymous(sys.argv[1:]))
    steps.warn_of_drops(head)
    steps.open_run(part, head, before)
    locks.keep(entry.contenders, part)
    return Part(prepare.field_of(entry, plan, host, part / "logs", spots(host)), part, store.read(part))


def _rehearse(parts: Sequence[Part], folder: Path) -> None:
    """Each scenario once, however many runs ask it."""
    fields = {part.field.scenario.name: part.field for part in reversed(parts)}
    for name, field in reversed(fields.items()):
        logs = folder / "logs" / name
        logs.mkdir(parents=True, exist_ok=True)
        steps.rehearse(replace(field, logs=logs), f"verifying {name}")
