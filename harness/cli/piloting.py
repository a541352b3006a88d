"""`./bench pilot`: how noisy and how dear earlier runs were, and so how the next one is best cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from harness import prepare, store
from harness.cli import options, running, steps
from harness.cli.output import document, note, results


def pilot(
    context: typer.Context,
    runs: options.SomeRuns = None,
    *,
    half_width: options.HalfWidth = None,
    minutes: options.Minutes = None,
    lineup: options.Lineup = "fair",
    contenders: options.Contenders = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Estimate from runs (none: from a new one) how many blocks and rounds the next one needs."""
    from harness import pilot as pilots  # statistics and tables are slow to import: --help goes without
    from harness.report import page, piloted

    if runs and (contenders or steps.is_given(context, "lineup")):
        raise typer.BadParameter("runs have their contenders: name runs, or whom to measure")
    read = [store.read(folder) for folder in runs or [_measured(lineup, contenders or ())]]
    wanted = pilots.EXPECTED if half_width is None else half_width / 100
    found = pilots.pilot(read, wanted, None if minutes is None else 60 * minutes)
    shown = piloted.page(found)
    if out:
        page.write(out, "pilot", found, shown)
        note(f"written to {out}")
    if json:
        document(found.model_dump_json(indent=1))
    else:
        page.show(shown, results)


def _measured(lineup: str, contenders: Sequence[str]) -> Path:
    """The folder of a new run that is only a pilot."""
    from harness import pilot as pilots  # as above

    named = [one for several in contenders for one in several.split(",")]
    asked = prepare.Asked(lineup=lineup, contenders=named, plan=pilots.PLAN)
    folder = running.measure(asked, prepare.RUNS, None, dry_run=False)
    assert folder is not None, "only a dry run has none"
    note(f"the run is in {folder}")
    return folder
