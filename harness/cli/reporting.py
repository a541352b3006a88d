"""`./bench report`: derive again all that follows from a run, to the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import steps
from harness.cli.output import document, note


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    *,
    paste: Annotated[bool, typer.Option("--paste", help="Only the table and its provenance, for a post.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where to write what is derived; the run's own folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Rebuild the tables, charts and summary of a run from what was measured, and show them."""
    from harness import report as reports  # statistics and tables are slow to import: --help goes without

    result_set, summary = steps.derive(run, out or run)
    if paste:
        document(reports.paste(result_set, summary))
    else:
        steps.show(result_set, summary, json=json)
        note(f"written to {out or run}")
