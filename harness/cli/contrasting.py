"""`./bench compare`: two runs, or two contenders of one run, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from harness import store
from harness.cli import options
from harness.cli.output import ExitCode, document, results
from harness.errors import InputError
from harness.model import Call, Verdict

if TYPE_CHECKING:
    from harness.compare import Contrast, Side


class _Named(NamedTuple):
    """What the user named: a run, and perhaps a contender of it."""

    run: Path
    contender: str | None


def compare(
    first: options.First,
    second: options.Second,
    *,
    anyway: options.Anyway = False,
    fail_on_slower: options.FailOnSlower = False,
    out: options.Written = None,
    json: options.Json = False,
) -> None:
    """Compare two runs, or two contenders of one run: B's throughput over A's, and what may be said of it.

    Exits with 4 if a number asked for is INVALID; with --fail-on-slower, with 1 if a contender is SLOWER in B, and with
    3 if one is UNDECIDED.
    """
    from harness.report import contrasting, page  # statistics and tables are slow to import: --help goes without

    found = _contrast(_named(first), _named(second))
    if found.differences.conditions and not anyway:
        raise InputError(
            f"these runs were made under different conditions: {contrasting.different(found.differences.conditions)}",
            "Measure both under the same ones; or compare them with --anyway, under a warning.",
        )
    shown = contrasting.page(found)
    if out:
        page.write(out, "compare", found, shown)
    if json:
        document(found.model_dump_json(indent=1))
    else:
        page.show(shown, results)
    raise typer.Exit(exit_code(found, fail_on_slower=fail_on_slower))


def exit_code(found: Contrast, *, fail_on_slower: bool) -> ExitCode:
    """How a comparison went: INVALID before SLOWER before UNDECIDED. Yardsticks do not count."""
    contenders = [pair for pair in found.pairs if not pair.is_yardstick]
    if any(Verdict.INVALID in {pair.first.verdict, pair.second.verdict} for pair in contenders):
        return ExitCode.INVALID
    calls = {pair.call for pair in contenders} if fail_on_slower else set()
    if Call.SLOWER in calls:
        return ExitCode.FINDING
    return ExitCode.UNDECIDED if Call.UNDECIDED in calls else ExitCode.DONE


def _contrast(first: _Named, second: _Named) -> Contrast:
    from harness import compare  # as above

    one, other = _side(first.run), _side(second.run)
    return compare.contrast(one, other, compare.pairs(one.head, other.head, (first.contender, second.contender)))


def _side(run: Path) -> Side:
    from harness.compare import Side  # as above
    from harness.summary import summarize

    result_set = store.read(run)
    return Side(result_set, summarize(result_set))


def _named(text: str) -> _Named:
    """RUN, or RUN:CONTENDER; a folder that is there is a RUN, whatever its name."""
    run, _, contender = text.rpartition(":")
    return _Named(Path(run), contender) if run and not Path(text).is_dir() else _Named(Path(text), None)
