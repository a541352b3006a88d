"""The steps that several commands take, each saying what it does."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from harness import campaign, catalog, environments, prepare, several, store
from harness.block import Field
from harness.campaign import Part
from harness.cli.output import ExitCode, document, note, progress, results
from harness.errors import ContractError
from harness.hosts.base import Host
from harness.model import App, Matrix, Placement, Plan, ResultSet, Row, RunHead, StartVariant, Summary, Sweep, Verdict
from harness.prepare import Entry

LOOK_S = 5.0
_QUICK_LOOK_S = 1.0  # it shows nothing about the contenders, so little can spoil it


def is_given(context: typer.Context, parameter: str) -> bool:
    """Whether the user gave a parameter; its default may say the same."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


@contextmanager
def logs() -> Iterator[Path]:
    """A folder for the logs of a command that stores no run: kept, and said where, if the command ends badly."""
    folder = Path(tempfile.mkdtemp(prefix="rematch-"))
    try:
        yield folder
    except (KeyboardInterrupt, SystemExit):  # ended by its user
        shutil.rmtree(folder)
        raise
    except BaseException:
        note(f"logs are kept in {folder}")
        raise
    shutil.rmtree(folder)


def announce(planned: Sequence[tuple[Entry, Plan]], placement: Placement) -> None:
    """Say what a run will do, where, and for how long; or several that differ in scenario or connections."""
    from harness.stats.estimates import FEWEST  # scipy is slow to come, and most commands go without

    _, plan = planned[0]
    scenarios = ", ".join(f'"{name}"' for name in dict.fromkeys(one.scenario for _, one in planned))
    measured = dict.fromkeys(contender.label for one, _ in planned for contender in one.contenders)
    note(f'Scenario {scenarios}, line-up "{plan.lineup}": {", ".join(measured)}')
    for one, _ in planned:
        for label, why in one.absent.items():
            note(f'without a part in "{one.scenario.name}": {label}, cannot: {why}')
    connections = ", ".join(dict.fromkeys(f"{one.connections}" for _, one in planned))
    note(f"{connections} connections, {plan.blocks} blocks of {plan.rounds} rounds, {_starts(plan)}")
    several = plan.load_processes > 1
    who = f"{plan.load_processes} generators" if several else "generator"
    where = f"servers on CPU {_listed(placement.server_cpus)}, {who} on {_listed(placement.generator_cpus)}"
    note(f"{where}; waiting, {f'they {plan.wait}' if several else f'it {plan.wait}s'}")
    each_s = (prepare.seconds(one, each) for each, one in planned)
    note(f"measuring takes about {_duration(sum(each_s))}")
    if plan.blocks < FEWEST and not plan.quick:
        note(f"{plan.blocks} blocks: under {FEWEST} no interval is claimed, and no number is settled")
    if plan.quick:
        note("A quick run shows that everything works. It shows nothing about the contenders.")


@contextmanager
def reported(folder: Path) -> Iterator[None]:
    """What goes wrong after all is measured costs nobody the run: say how to make its report."""
    try:
        yield
    except BaseException:
        note(f"all is measured and kept; the report can be made with: ./bench report {shlex.quote(str(folder))}")
        raise


def warn_of_no_duets(duets: int | None, scenarios: Iterable[str]) -> None:
    """Say where duets that were asked for are left out."""
    known = catalog.read().scenarios
    reasons = {name: why for name in scenarios if duets and (why := known[name].forbids_duets)}
    for why in dict.fromkeys(reasons.values()):
        note(f"no duets in {', '.join(name for name in reasons if reasons[name] == why)}: {why}")


def warn_of_drops(head: RunHead) -> None:
    """Say what dropping the page cache does to others, or that it cannot be done."""
    if not head.plan.starts_by_variant.get(StartVariant.DROPPED):
        return
    if head.drops_page_cache:
        note("cold starts without page cache drop that of the whole machine: whatever else is measured on it is spoilt")
    else:
        note("cold starts without page cache are left out: only root may drop it, on Linux")


def announce_environments(host: Host, apps: Sequence[App]) -> tuple[App, ...]:
    """Say which environments are missing, and how much will be downloaded for them."""
    missing = host.environments.missing(apps)
    if missing:
        sizes = [environments.download_megabytes(app) for app in missing]
        size = f"about {sum(filter(None, sizes))} MB" if all(sizes) else "size unknown"
        note(f"environments to make: {', '.join(app.full_name for app in missing)} ({size} to download)")
    return missing


def make_environments(host: Host, apps: Sequence[App]) -> None:
    """Make the environments that are missing, after saying how much will be downloaded."""
    missing = announce_environments(host, apps)
    if missing:
        with progress("environments", len(missing)) as advance:
            for app in missing:
                host.environments.make(app)
                advance(app.full_name)
    for app in apps:
        host.environments.compile_modules(app)


def look_at_machine(host: Host, *, quick: bool = False) -> tuple[str, ...]:
    """Watch the idle machine for five seconds, or one: what will be spoilt, a sentence each."""
    from harness import guards  # statistics are slow to import: --help goes without

    look_s = _QUICK_LOOK_S if quick else LOOK_S
    note(f"looking at the machine for {look_s:.0f} second{'s' if look_s > 1 else ''} ...")
    before = host.reading()
    time.sleep(look_s)
    return guards.spoilers(before, host.reading())


def rehearse(field: Field, title: str = "verifying") -> None:
    """Start and verify every contender before anything is measured. Raises ContractError with all that fails.

    That one of several versions of a contender fails is a result: it is said, and the run goes on.
    """
    with progress(title, len(field.contenders)) as advance:
        wrong = {}
        for label, broken in campaign.rehearse(field):
            advance(label)
            wrong[label] = [f"{label}: {one}" for one in broken]
    forgiven = [label for label, one in field.contenders.items() if one.app.pins and label != field.plan.reference]
    for one in [one for label in forgiven for one in wrong[label]]:
        note(f"this version fails, and its row will say so: {one}")
    problems = [one for label, found in wrong.items() if label not in forgiven for one in found]
    if problems:
        hint = f"Mend it, or leave it out with --contenders. Nothing was measured; the logs are in {field.logs}"
        raise ContractError("\n".join(problems), hint)


def open_run(folder: Path, head: RunHead, before: ResultSet | None) -> None:
    """Put the plan on disk, or make sure that the one there can be gone on with."""
    if before:
        campaign.refuse_other(before.head, head)
        store.mend(folder)
    else:
        store.write_head(folder, head)


def play(parts: Sequence[Part], folder: Path) -> None:
    """Measure what runs lack, several in rotation. However it ends, what was measured is on disk, under `folder`."""
    try:
        with progress("measuring", sum(campaign.steps(part.done.head) for part in parts)) as advance:
            advance("", sum(len(part.done.counted) for part in parts))
            for part, outcome in campaign.rotate(parts):
                which = f"{part.folder.name}, " if len(parts) > 1 else ""
                advance(f"{which}{campaign.said_of(outcome)}")
    except BaseException:
        note(f"stopped; what was measured is kept. Go on with: ./bench run --resume {shlex.quote(str(folder))}")
        raise


def derive(folder: Path, into: Path) -> tuple[ResultSet, Summary]:
    """Make all that follows from a run's head and outcomes, and write it into a folder."""
    from harness import report  # as above

    result_set, summary = _summarized(folder)
    report.write(into, result_set, summary)
    return result_set, summary


def is_derived(folder: Path) -> bool:
    """Whether the summary of a run is what today's code derives from what was measured."""
    from harness.report import files  # as above

    name, content = next(files.derived(*_summarized(folder)))
    return (folder / name).is_file() and files.alike((folder / name).read_bytes(), content)


def read_several(folder: Path) -> list[ResultSet]:
    """The runs inside a folder, in the order in which they were planned. Raises StoreError."""
    return sorted(map(store.read, store.parts(folder)), key=lambda run: run.head.created_at)


def derive_several(folder: Path, into: Path) -> tuple[Sweep | Matrix, list[tuple[ResultSet, Summary]]]:
    """Make all that follows from each of several runs in a folder, and from all of them together."""
    from harness import matrix, report, sweep  # as above

    made = [derive(part, into / part.name) for part in store.parts(folder)]
    derived = sorted(made, key=lambda run: run[0].head.created_at)
    is_sweep = several.is_sweep([result_set.head.plan for result_set, _ in derived])
    found = sweep.derive(folder.name, derived) if is_sweep else matrix.derive(folder.name, derived, catalog.beside())
    report.write_several(into, derived[0][0].head, found)
    return found, derived


def show(result_set: ResultSet, summary: Summary, *, json: bool) -> None:
    """The result, for people or for programs."""
    from harness import report  # as above

    if json:
        document(summary.model_dump_json(indent=1))
    else:
        report.show(result_set, summary, results)


def exit_code(rows: Iterable[Row], *, quick: bool) -> ExitCode:
    """How a run went. A quick run shows nothing, so it leaves nothing undecided."""
    verdicts = {row.verdict for row in rows if not row.member.is_yardstick}
    if Verdict.INVALID in verdicts:
        return ExitCode.INVALID
    return ExitCode.UNDECIDED if Verdict.UNSETTLED in verdicts and not quick else ExitCode.DONE


def _summarized(folder: Path) -> tuple[ResultSet, Summary]:
    from harness import audit, occasions  # as above
    from harness.summary import summarize

    result_set = store.read(folder)
    head = result_set.head
    return result_set, summarize(result_set, audit.published_for(head.plan), occasions.pooled_for(head))


def _starts(plan: Plan) -> str:
    further = {one: count for one, count in plan.starts_by_variant.items() if one is not StartVariant.WARM and count}
    return "".join(
        (f"{plan.starts} cold starts", *(f", {count} more {one.in_words}" for one, count in further.items()))
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else f"{round(seconds, -1):.0f} seconds"


def _listed(cpus: Iterable[int]) -> str:
    return "+".join(map(str, cpus)) or "any"
