"""`./bench audit`: how each claim of a published table stands beside a run of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness import store
from harness.catalog import ROOT
from harness.cli import options
from harness.cli.output import ExitCode, document, results
from harness.errors import InputError
from harness.model import ResultSet

if TYPE_CHECKING:
    from harness.audit import PublishedTable

REFERENCE = ROOT / "results" / "reference"


def audit(
    published: options.Published = "article",
    run: options.AuditedRun = None,
    *,
    fail: options.FailOnClaim = False,
    out: options.Written = None,
    json: options.Json = False,
) -> None:
    """Hold a published table against a run: claim by claim, what is reproduced, what is not, what contradicts itself.

    Exits with 1, if --fail is given, where a claim is not reproduced or inconsistent as stated.
    """
    from harness import audit as audits  # statistics and tables are slow to import: --help goes without
    from harness.report import auditing, page
    from harness.summary import summarize

    table = audits.find_published(published)
    result_set, others = measured(table, run)
    rotation = [(other, summarize(other)) for other in others]
    found = audits.audit(table, result_set, summarize(result_set), rotation)
    shown = auditing.page(found)
    if out:
        page.write(out, "audit", found, shown)
    if json:
        document(found.model_dump_json(indent=1))
    else:
        page.show(shown, results)
    if fail and any(claim.standing in audits.FAILING for claim in found.claims):
        raise typer.Exit(ExitCode.FINDING)


def measured(table: PublishedTable, folder: Path | None = None) -> tuple[ResultSet, list[ResultSet]]:
    """The run to hold a table against, and those of other scenarios that its claims take.

    Of a folder both, if runs of several scenarios are in it; else the newest reference runs. Raises InputError.
    """
    if folder is None:
        return newest(table), newest_scenarios(table)
    others = _scenarios(table, folder)
    speaking = [run.head.scenario.name == table.scenario for run in others]
    return (others[speaking.index(True)] if any(speaking) else _chosen(table, folder)), others


def newest_scenarios(table: PublishedTable, folder: Path = REFERENCE) -> list[ResultSet]:
    """The newest reference runs of the scenarios that claims of a table take; none if there are none."""
    found = [runs for each in sorted(folder.glob("*")) if (runs := _scenarios(table, each))]
    return max(found, key=lambda runs: runs[0].head.created_at, default=[])


def _scenarios(table: PublishedTable, folder: Path) -> list[ResultSet]:
    """Of several runs in a folder those of the table's scenario and of the ones that its claims take."""
    needed = {table.scenario, *(name for claim in table.claims for name in claim.needs)}
    runs = [store.read(part) for part in store.parts(folder) if part.name in needed]
    return [run for run in runs if run.head.plan.engine == "connection"]


def newest(table: PublishedTable, folder: Path = REFERENCE) -> ResultSet:
    """The newest reference run that speaks of a table, of the line-up that serves the apps as it says.

    Raises InputError where there is none.
    """
    from harness import audit as audits  # as above

    runs = (store.read(head.parent) for head in sorted(folder.glob("*/run.json")))
    fitting = [run for run in runs if audits.speaks_of(table, run.head.plan) and _is_of(table, run)]
    if not fitting:
        raise InputError(
            f"there is no reference run of the scenario {table.scenario} that could stand beside this table",
            f"Measure one, and name its folder: ./bench run {table.scenario} --lineup {table.lineup or 'fair'}",
        )
    return max(fitting, key=lambda run: run.head.created_at)


def _is_of(table: PublishedTable, run: ResultSet) -> bool:
    return table.lineup in {None, run.head.plan.lineup}


def _chosen(table: PublishedTable, folder: Path) -> ResultSet:
    from harness import audit as audits  # as above

    run = store.read(folder)
    if not audits.speaks_of(table, run.head.plan):
        raise InputError(
            f'"{folder}" does not measure what this table speaks of',
            f"It takes a run of the scenario {table.scenario} made with the engine connection.",
        )
    return run
