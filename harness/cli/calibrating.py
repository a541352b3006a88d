"""`./bench calibrate`: how often the program errs, by trials whose answer is known."""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness import campaign, catalog, prepare, provenance, store
from harness.cli import options, steps
from harness.cli.output import document, note, progress, results
from harness.hosts.local import LocalHost
from harness.prepare import Asked, Entry

if TYPE_CHECKING:
    from harness.ledger import Ended, Kind

_SCENARIO = "json"


def calibrate(
    *,
    trials: options.Trials = 20,
    kind: options.Kinds = None,
    contender: options.Itself = "flask@gthread",
    minutes: options.Budget = None,
    report: options.OnlyReport = False,
    keep: options.Keep = False,
    ledger: options.Ledger = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Measure pairs of known answer again and again, into the ledger, and say how often the verdict was wrong."""
    from harness import trials as playing  # statistics and tables are slow to import: --help goes without

    path = ledger or playing.LEDGER
    if not report:
        _play(path, {one: playing.contenders(one, contender) for one in _kinds(kind)}, trials, minutes, keep=keep)
    _report(path, out, json=json)


def _kinds(named: Sequence[str] | None) -> tuple[Kind, ...]:
    from harness.ledger import KINDS  # as above

    known: Mapping[str, Kind] = {kind: kind for kind in KINDS}
    return tuple(catalog.choose("kind of trial", known, one) for one in named or KINDS)


def _play(path: Path, wanted: Mapping[Kind, tuple[str, str]], count: int, minutes: float | None, *, keep: bool) -> None:
    """Play the trials that are lacking, as many as there is time for."""
    from harness import ledger, trials  # as above

    code = _code()
    had = ledger.read(path)
    due = trials.due(had, code, wanted, count)
    note(f"trials to do: {len(due)}, of at most {trials.LONGEST_S:.0f} seconds each")
    if not due:
        return
    deadline = time.monotonic() + (60 * minutes if minutes is not None else float("inf"))
    _make_ready({one: trials.asked(had, code, one, wanted[one]) for one in dict.fromkeys(due)})
    for number, one in enumerate(due, 1):
        if time.monotonic() + trials.LONGEST_S > deadline:
            note(f"no time is left for another trial; {len(due) - number + 1} are lacking")
            return
        asked = trials.asked(ledger.read(path), code, one, wanted[one])
        with LocalHost(exclusive=True) as host, _runs(keep=keep) as runs:  # one that was aborted leaves no host
            ended = _trial(f"trial {number} of {len(due)}: {one}", host, one, asked, runs, path)
        note(_said(ended))


def _make_ready(wanted: Mapping[Kind, Asked]) -> None:
    """Whatever can be wrong with any trial is found before the first."""
    entries = {kind: prepare.enter(asked) for kind, asked in wanted.items()}
    with LocalHost(exclusive=True) as host, steps.logs() as logs:
        steps.make_environments(host, prepare.apps(entries.values()))
        for spoiler in steps.look_at_machine(host):
            note(f"  {spoiler}")
        for kind, entry in entries.items():
            steps.rehearse(prepare.field_of(entry, prepare.plan(entry, wanted[kind], host.placement), host, logs))


@contextmanager
def _runs(*, keep: bool) -> Iterator[Path]:
    """Where the run of a trial is made: what is worth keeping of it stands in the ledger."""
    if keep:
        yield prepare.RUNS
        return
    with tempfile.TemporaryDirectory(prefix="rematch-trial-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _trial(title: str, host: LocalHost, kind: Kind, asked: Asked, runs: Path, path: Path) -> Ended:
    from harness import trials  # as above

    entry: Entry = prepare.enter(asked)
    plan = prepare.plan(entry, asked, host.placement)
    folder = store.new_folder(runs, kind, time.time())
    head = prepare.head(entry, plan, host, folder.name, time.time())
    field = prepare.field_of(entry, plan, host, folder / "logs")
    command = shlex.join(["./bench", *sys.argv[1:]])
    with progress(title, campaign.steps(head)) as advance:
        return trials.play(
            trials.started(kind, head, command),
            head,
            field,
            folder,
            path,
            lambda outcome: advance(campaign.said_of(outcome)),
        )


def _said(ended: Ended) -> str:
    if ended.duet is None:
        return f"{ended.how}: {ended.message}"
    beside = f" (by slices {ended.slices.call}, {ended.slices.ratio.value:.3f}x)" if ended.slices else ""
    return f"{ended.duet.call}, {ended.duet.ratio.value:.3f}x{beside}, in {ended.seconds:.0f} s"


def _report(path: Path, out: Path | None, *, json: bool) -> None:
    from harness import calibration, ledger  # as above
    from harness.report import calibrated, files, page

    found = calibration.calibration(ledger.read(path))
    shown = calibrated.page(found)
    if out:
        files.put(out, [("ledger.md", page.markdown(shown).encode())])
        note(f"written to {out / 'ledger.md'}")
    if json:
        document(found.model_dump_json(indent=1))
    else:
        page.show(shown, results)
    if found.code and found.code != _code():
        note("The code that measures has changed since: its own trials are yet to be made.")


def _code() -> str:
    from harness import ledger, trials  # as above

    return ledger.code(trials.digests(provenance.digests(catalog.ROOT, (), [_SCENARIO])))
