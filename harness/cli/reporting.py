"""`./bench report`: derive again all that follows from a run, to the same bytes."""

from __future__ import annotations

from harness.cli import options, steps
from harness.cli.output import document, note


def report(
    run: options.Run,
    *,
    paste: options.Paste = False,
    out: options.Derived = None,
    json: options.Json = False,
) -> None:
    """Rebuild the tables, charts and summary of a run from what was measured, and show them."""
    from harness import report as reports  # statistics and tables are slow to import: --help goes without

    result_set, summary = steps.derive(run, out or run)
    if paste:
        document(reports.paste(result_set, summary))
    else:
        steps.show(result_set, summary, json=json)
        note(f"written to {out or run}")
