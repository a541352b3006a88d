"""`./bench reproduce`: the same run again and again over hours, and how well one of them predicts another."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

from harness import campaign, prepare, store
from harness.cli import options, running, steps
from harness.cli.output import document, note, results
from harness.hosts.local import LocalHost
from harness.model import Occasion, RunHead, Summary
from harness.prepare import Asked

_UNITS_S = {"s": 1, "m": 60, "h": 3600}


def reproduce(
    scenario: options.Scenario = "json",
    *,
    lineup: options.Lineup = "fair",
    contenders: options.Contenders = None,
    app: options.OwnApps = None,
    reference: options.Reference = None,
    publish: options.Publish = False,
    connections: options.Connections = None,
    blocks: options.Blocks = None,
    rounds: options.Rounds = None,
    starts: options.Starts = None,
    duets: options.Duets = None,
    open_blocks: options.OpenBlocks = None,
    wait: options.Wait = None,
    times: options.Times = 6,
    every: options.Every = "25m",
    add: options.Add = None,
    report: options.EverySeries = False,
    occasions: options.Occasions = None,
    runs: options.RunFolders = None,
    out: options.Reproduced = None,
    json: options.Json = False,
) -> None:
    """Repeat a run over hours, and say how much its ratios vary between occasions.

    Stopped and called again, it goes on: occasions of the same plan, machine and code are counted.
    """
    every_s = seconds(every)
    from harness.occasions import OCCASIONS  # statistics are slow to import: --help goes without

    path = occasions or OCCASIONS
    usual = prepare.PUBLISH if publish else prepare.USUAL
    given: dict[str, Any] = {"connections": connections, "blocks": blocks, "rounds": rounds, "starts": starts}
    given |= {"duets": duets, "open_blocks": open_blocks, "wait": wait}
    asked = Asked(
        scenario=scenario,
        lineup=lineup,
        contenders=[one for several in contenders or () for one in several.split(",")],
        own=app or (),
        reference=reference,
        plan=usual | {key: one for key, one in given.items() if one is not None},
    )
    if add:
        _add(add, path)
    shown = None if add or report else _measure(asked, times, every_s, path, runs or prepare.RUNS)
    _show(path, shown, out, json=json)


def seconds(text: str) -> float:
    """A duration as people write it, such as `25m`. Raises typer.BadParameter."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise typer.BadParameter(f'"{text}" is no duration: write it like 90s, 25m or 2h', param_hint="--every")
    return float(found[1]) * _UNITS_S[found[2]]


def _add(folders: Iterable[Path], path: Path) -> None:
    from harness.summary import summarize  # as above

    for folder in folders:
        result_set = store.read(folder)
        _keep(path, result_set.head, summarize(result_set))


def _measure(asked: Asked, times: int, every_s: float, path: Path, runs: Path) -> tuple[str, ...]:
    """Measure the occasions that are missing, each an ordinary run. Returns the series that they belong to."""
    from harness import occasions  # as above

    planned = _planned(asked)
    series = occasions.series_of(planned)
    while len(done := [one for one in occasions.read(path) if one.series == series]) < times:
        note(f"occasion {len(done) + 1} of {times}")
        _wait_until(max((one.at for one in done), default=0.0) + every_s)
        folder = running.measure(asked, runs, None, dry_run=False)
        assert folder is not None
        result_set, summary = steps.derive(folder, folder)
        campaign.refuse_other(planned, result_set.head)
        _keep(path, result_set.head, summary)
    return series


def _planned(asked: Asked) -> RunHead:
    """What a run's head would be by now: it tells which occasions repeat it. Nothing is written."""
    entry = prepare.enter(asked)
    with LocalHost() as host:
        steps.make_environments(host, entry.apps)
        return prepare.head(entry, prepare.plan(entry, asked, host.placement), host, "", time.time())


def _wait_until(moment: float) -> None:
    """Nothing runs meanwhile. Ctrl-C leaves all that was measured in place."""
    from harness.report import format as written  # as above

    if moment > time.time():
        note(f"the next one starts at {written.moment(moment)}; Ctrl-C ends it, and the same command goes on")
    while (left_s := moment - time.time()) > 0:
        time.sleep(left_s)


def _keep(path: Path, head: RunHead, summary: Summary) -> None:
    from harness import occasions  # as above

    one = occasions.occasion(head, summary, shlex.join(["./bench", *sys.argv[1:]]))
    occasions.append(path, one)
    note(f"{one.run}: {'; '.join(_told(one)) or 'nothing was compared'}")


def _told(one: Occasion) -> Sequence[str]:
    from harness.report import format as written  # as above

    return [f"{row.contender} {written.ratio(row.ratio)}" for row in one.rows if row.ratio]


def _show(path: Path, only: tuple[str, ...] | None, out: Path | None, *, json: bool) -> None:
    """What occasions say together: of one series, or of every one."""
    from harness import occasions, report  # as above

    found = [one for one in occasions.all_series(occasions.read(path)) if only in {None, one.occasions[0].series}]
    if out:
        report.write_series(out, found)
    if json:
        document(report.series_json(found))
    else:
        report.show_series(found, results)
    if not found:
        note(f"no occasion yet in {path}")
