"""`./bench run`: from a clean clone to a table, charts and a verdict."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer

from harness import catalog, locks, prepare, releases, several, store
from harness.campaign import Part
from harness.cli import options, rotating, steps
from harness.cli.lasting import needed_s
from harness.cli.output import note
from harness.cli.places import HERE, LOCAL, Where, anonymous, opened, refuse_samples_from_afar, spots
from harness.errors import InputError

_BESIDE_RESUME = {"resume", "dry_run", "json", "host", "load_host", "known_hosts", "keep", "hours"}


def run(
    context: typer.Context,
    scenario: options.Scenarios = None,
    *,
    lineup: options.Lineup = "fair",
    contenders: options.Contenders = None,
    app: options.OwnApps = None,
    reference: options.Reference = None,
    matrix: options.Versions = None,
    host: options.MeasuredHost = LOCAL,
    load_host: options.LoadHosts = None,
    known_hosts: options.KnownHosts = None,
    keep: options.KeepThere = False,
    hours: options.Hours = None,
    quick: options.Quick = False,
    publish: options.Publish = False,
    dry_run: options.DryRun = False,
    resume: options.Resume = None,
    engine: options.Engine = None,
    connections: options.SweptConnections = None,
    load_processes: options.LoadProcesses = None,
    blocks: options.Blocks = None,
    rounds: options.Rounds = None,
    starts: options.Starts = None,
    duets: options.Duets = None,
    open_blocks: options.OpenBlocks = None,
    other_wait_blocks: options.OtherWaitBlocks = None,
    dropped_starts: options.DroppedStarts = None,
    no_bytecode_starts: options.NoBytecodeStarts = None,
    idle_connections: options.IdleConnections = None,
    seed: options.Seed = None,
    wait: options.Wait = None,
    no_credits: options.NoCredits = False,
    samples: options.Samples = False,
    out: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Measure contenders: throughput, latency and cold start, as a table, charts and a verdict."""
    where = Where(host, known_hosts, keep, tuple(load_host or ()), hours)
    counts, scenarios = _counts(connections), catalog.scenarios(catalog.read(), scenario or (catalog.USUAL,))
    _refuse_both(counts, scenarios)
    if no_credits and where.is_at_aws:
        raise InputError(
            "a quota takes root, which nobody is on machines at AWS: it would not hold, and no number would count",
            "Leave --no-credits out, or the hosts.",
        )
    given = {"engine": engine, "connections": counts[0] if counts else None, "blocks": blocks, "rounds": rounds}
    given |= {"starts": starts, "dropped_starts": dropped_starts, "no_bytecode_starts": no_bytecode_starts}
    given |= {"duets": duets, "open_blocks": open_blocks, "other_wait_blocks": other_wait_blocks}
    given |= {"seed": seed, "wait": wait, "samples": samples or None, "load_processes": load_processes}
    given |= {"idle_connections": idle_connections}
    quota: dict[str, Any] = {"cpu_quota": prepare.NO_CREDITS} if no_credits else {}
    usual = several.USUAL if len(counts) > 1 or len(scenarios) > 1 else prepare.USUAL
    asked = prepare.Asked(
        scenario=scenarios[0],
        lineup=lineup,
        contenders=[one for words in contenders or () for one in words.split(",")],
        own=app or (),
        reference=reference,
        plan=chosen(
            {**given, **quota}, usual, quick=quick, publish=publish, fewer=several.QUICK if len(scenarios) > 1 else {}
        ),
    )
    if resume:
        _refuse_another_plan(context)
    elif matrix:
        chosen_by_user = bool(contenders or app or steps.is_given(context, "lineup"))
        asked = _at_versions(asked, matrix, only_first=not chosen_by_user)
    steps.warn_of_no_duets(duets, scenarios)
    runs = out or prepare.RUNS
    if resume and store.parts(resume):
        rotating.go_on(resume, dry_run=dry_run, json=json, where=where)
    elif len(counts) > 1:
        rotating.measure_and_show(several.sweep(asked, counts), runs, dry_run=dry_run, json=json, where=where)
    elif len(scenarios) > 1:
        rotating.measure_and_show(several.matrix(asked, scenarios), runs, dry_run=dry_run, json=json, where=where)
    else:
        measure_and_show(asked, runs, resume, dry_run=dry_run, json=json, where=where)


def measure_and_show(
    asked: prepare.Asked, runs: Path, resume: Path | None = None, *, dry_run: bool, json: bool, where: Where = HERE
) -> None:
    """Make or go on with one run, and show what came out. Exits with the code that says how it went."""
    folder = measure(asked, runs, resume, dry_run=dry_run, where=where)
    if folder:
        _finish(folder, json=json)


def measure(
    asked: prepare.Asked, runs: Path, resume: Path | None, *, dry_run: bool, where: Where = HERE
) -> Path | None:
    """Do all that touches the machine. Returns the folder of the run, None after a dry run."""
    refuse_samples_from_afar(where, [asked])
    before = store.read(resume) if resume else None
    asked = prepare.Asked.again(before.head.plan, resume) if before and resume else asked
    entry = prepare.enter(asked)
    with ExitStack() as machine:
        needs_s = needed_s(where, [(entry, asked, before)])
        host = machine.enter_context(opened(where, exclusive=not dry_run, provisions=not dry_run, needs_s=needs_s))
        plan = prepare.plan(entry, asked, host.placement)
        steps.announce([(entry, plan)], host.placement)
        if dry_run:
            steps.announce_environments(host, entry.apps)
            return None
        steps.make_environments(host, entry.apps)
        for spoiler in steps.look_at_machine(host, quick=plan.quick):
            note(f"  {spoiler}")
        folder = resume or store.new_folder(runs, plan.lineup, time.time())
        head = prepare.head(entry, plan, host, folder.name, time.time(), anonymous(sys.argv[1:]))
        steps.warn_of_drops(head)
        steps.open_run(folder, head, before)
        locks.keep(entry.contenders, folder)
        field = prepare.field_of(entry, plan, host, folder / "logs", spots(host))
        steps.rehearse(field)
        steps.play([Part(field, folder, store.read(folder))], folder)
        with steps.reported(folder):
            machine.close()
    return folder


def _at_versions(asked: prepare.Asked, matrix: Sequence[str], *, only_first: bool) -> prepare.Asked:
    """The same with contenders at several versions. Raises InputError."""
    wanted = releases.dimensions(matrix)
    note(f"looking for versions of {', '.join(one.name for one in wanted)} ...")
    asked, told = releases.expanded(asked, wanted, only_first=only_first)
    for sentence in told:
        note(f"  {sentence}")
    return asked


def chosen(
    given: Mapping[str, Any], usual: Mapping[str, Any], *, quick: bool, publish: bool, fewer: Mapping[str, Any] = {}
) -> Mapping[str, Any]:
    """Those fields of the plan that were given, over those of --quick or --publish, else the usual ones.

    Where duets are not usual, neither they nor other blocks beside the slices come with --quick or --publish. `fewer`
    are fields in which --quick is quicker still.
    """
    if quick and publish:
        raise typer.BadParameter("--quick shows nothing and --publish wants to be read: choose one")
    fields = {**prepare.QUICK, **fewer} if quick else prepare.PUBLISH if publish else usual
    preset = prepare.preset(fields, given["engine"], slices_only="duets" not in usual)
    return {**preset, **{key: one for key, one in given.items() if one is not None}}


def _counts(text: str | None) -> tuple[int, ...]:
    """The numbers of connections that were given, ascending and each once."""
    words = text.split(",") if text is not None else []
    counts = {int(word) for word in words if word.strip().isdecimal()}
    if len(counts) < len(words) or not all(1 <= count <= options.MOST_CONNECTIONS for count in counts):
        known = f"a number from 1 to {options.MOST_CONNECTIONS:,}, or several different ones with commas"
        raise typer.BadParameter(f'--connections "{text}" is not {known}')
    return tuple(sorted(counts))


def _refuse_both(counts: Sequence[int], scenarios: Sequence[str]) -> None:
    if len(counts) > 1 and len(scenarios) > 1:
        raise InputError(
            f"{len(counts)} numbers of connections in {len(scenarios)} scenarios are asked for",
            "Give several --connections with one scenario, a sweep; or one of them with several scenarios.",
        )


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


def _finish(folder: Path, *, json: bool) -> None:
    """Derive all that can be derived, and show it."""
    with steps.reported(folder):
        result_set, summary = steps.derive(folder, folder)
    steps.show(result_set, summary, json=json)
    note(f"the run is in {folder}")
    raise typer.Exit(steps.exit_code(summary.rows, quick=result_set.head.plan.quick))
