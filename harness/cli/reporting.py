"""`./bench report`: derive again all that follows from a run, a sweep or a matrix, to the same bytes."""

from __future__ import annotations

from pathlib import Path

from harness import store
from harness.cli import options, rotating, steps
from harness.cli.output import document, note


def report(
    run: options.Run,
    *,
    paste: options.Paste = False,
    out: options.Derived = None,
    json: options.Json = False,
) -> None:
    """Rebuild the tables, charts and summary of a run, a sweep or a matrix from what was measured, and show them."""
    make = _several if store.parts(run) else _run
    make(run, out or run, paste=paste, json=json)
    if not paste:
        note(f"written to {out or run}")


def _run(folder: Path, into: Path, *, paste: bool, json: bool) -> None:
    from harness import report as reports  # statistics and tables are slow to import: --help goes without

    result_set, summary = steps.derive(folder, into)
    if paste:
        document(reports.paste(result_set, summary))
    else:
        steps.show(result_set, summary, json=json)


def _several(folder: Path, into: Path, *, paste: bool, json: bool) -> None:
    from harness import report as reports  # as above

    found, derived = steps.derive_several(folder, into)
    if paste:
        document(reports.paste_several(derived[0][0].head, found))
    else:
        rotating.show(derived[0][0].head, found, json=json)
