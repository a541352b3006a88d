"""What every argument and option of the command line is, and what its help says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from harness import several
from harness.catalog import ALL, USUAL
from harness.model import Plan
from harness.prepare import ABLATE, IDLE_CONNECTIONS, NO_CREDITS
from harness.releases import MOST

# A bracket and a word would be markup to rich, and vanish from the help.
_SPECIFICATION = r"[LABEL=][PATH:]app\[@deployment]\[+distribution==version]"


MOST_CONNECTIONS = 10_000
MOST_PROCESSES = 64


def _usual(field: str) -> str:
    return f"{Plan.model_fields[field].default} unless said otherwise"


def _presets(plan: Mapping[str, int]) -> str:
    return ", ".join(f"{value} {field}" for field, value in plan.items())


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Run = Annotated[Path, typer.Argument(help="The folder of a run, or of several.")]
Paste = Annotated[bool, typer.Option("--paste", help="Only the table and its provenance, for a post.")]
Derived = Annotated[Path | None, typer.Option(help="Where to write what is derived; the run's own folder.")]

# What is compared
Scenario = Annotated[str, typer.Argument(help="What is asked of every app: see ./bench list.")]
Scenarios = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SCENARIO]...",
        help=f"What is asked of every app: see ./bench list; {USUAL} unless said otherwise. "
        f"Several, or {ALL}: a matrix, one run each in rotation, {_presets(several.USUAL)}.",
    ),
]
FirstAsked = Annotated[str, typer.Option(help="Whose first request it must answer: see ./bench list.")]
OnlyScenarios = Annotated[list[str] | None, typer.Option(help="Only this scenario; may be given more than once.")]
App = Annotated[str, typer.Argument(help="[PATH:]app, in whose app.toml are choices to ablate.")]
Asking = Annotated[str, typer.Option("--scenario", help="What is asked: see ./bench list.")]
Lineup = Annotated[str, typer.Option(help="A named list of contenders: see ./bench list.")]
Contender = Annotated[str, typer.Argument(help=_SPECIFICATION)]
SomeContenders = Annotated[list[str] | None, typer.Argument(help=f"{_SPECIFICATION}; none: all.")]
Contenders = Annotated[
    list[str] | None,
    typer.Option(help=f"{_SPECIFICATION}, in place of a line-up; once per contender or with commas."),
]
OwnApps = Annotated[list[Path] | None, typer.Option(help="The folder of an app of your own, beside the line-up.")]
Reference = Annotated[str | None, typer.Option(help="The contender that ratios are taken to.")]
Versions = Annotated[
    list[str] | None,
    typer.Option(
        "--matrix",
        metavar="DISTRIBUTION=VERSION[,VERSION...]",
        help="Contenders at several versions, each in an environment of its own: fastapi=0.115,0.130,latest, or "
        "python=3.11,3.12. Of the contenders those that install it; unless any are chosen, the first of them. Given "
        f"again, every pair of versions; {MOST} in all. Ratios are to the newest.",
    ),
]

# Where it is measured
MeasuredHost = Annotated[
    str, typer.Option("--host", metavar="local|ssh://[USER@]HOST[:PORT]|aws", help="Where contenders are launched.")
]
KnownHosts = Annotated[
    Path | None,
    typer.Option(help="A file that holds the host's key, as ssh writes it; unless given, those that your ssh trusts."),
]
Hours = Annotated[
    float | None,
    typer.Option(min=0.25, max=48, help="After so many hours the machines at AWS end themselves; 3 unless said."),
]
LoadHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--load-host",
        metavar="ssh://[USER@]HOST[:PORT]",
        help="Where the load comes from, unless from here; may be given more than once. Needs --host.",
    ),
]
KeepThere = Annotated[bool, typer.Option("--keep", help="Leave the logs on the host of --host, to look around.")]

# How it is measured
Quick = Annotated[bool, typer.Option("--quick", help="A minute or two a scenario; shows that it works, nothing else.")]
Publish = Annotated[
    bool,
    typer.Option("--publish", help="24 blocks and every kind of cold start, for numbers that others will read."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Resume = Annotated[
    Path | None,
    typer.Option(help="The folder of a run, or of several: do the blocks that lack, by the plan that is there."),
]
Engine = Annotated[str | None, typer.Option(help="connection, or fasthttp: what stock Locust would have told you.")]
NoCredits = Annotated[
    bool,
    typer.Option(
        "--no-credits",
        help=f"Hold all servers together at {NO_CREDITS} CPUs: what a t3.medium has that has no credits.",
    ),
]
Connections = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST_CONNECTIONS,
        help=f"Concurrent connections, always busy; the scenario's, {_usual('connections')}.",
    ),
]
LoadProcesses = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST_PROCESSES,
        help="Generator processes, among which connections are split: where one would be the limit. "
        f"{_usual('load_processes')}.",
    ),
]
SweptConnections = Annotated[
    str | None,
    typer.Option(
        metavar="N[,N...]",
        help=f"Concurrent connections, always busy; the scenario's, {_usual('connections')}. "
        f"Several with commas: a sweep, one run each in rotation, {_presets(several.USUAL)}.",
    ),
]
Blocks = Annotated[
    int | None,
    typer.Option(min=1, max=1000, help=f"Blocks, {_usual('blocks')}; at least 8 where an interval is claimed."),
]
AblationBlocks = Annotated[
    int | None,
    typer.Option(
        min=1, max=1000, help=f"Blocks, {ABLATE['blocks']} unless said otherwise: as few as can claim an interval."
    ),
]
Rounds = Annotated[
    int | None, typer.Option(min=1, max=1000, help=f"Slices of each contender in a block, {_usual('rounds')}.")
]
Starts = Annotated[
    int | None, typer.Option(min=0, max=1000, help=f"Cold starts of each contender, {_usual('starts')}; 0: none.")
]
Duets = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=100,
        help="Duets of each contender with the reference in a block: what a request costs, side by side. "
        "None where a scenario has services: the two would share them.",
    ),
]
OpenBlocks = Annotated[
    int | None,
    typer.Option(min=0, max=1000, help="Blocks of open loop: latency at fixed rates, below saturation."),
]
OtherWaitBlocks = Annotated[
    int | None,
    typer.Option(min=0, max=1000, help="Blocks in which the generator waits the other way: how much hangs on that."),
]
DroppedStarts = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=1000,
        help="Further cold starts, page cache dropped: of the whole machine, so all else that is measured on it is "
        f"spoilt; root only. {_usual('dropped_starts')}.",
    ),
]
NoBytecodeStarts = Annotated[
    int | None,
    typer.Option(min=0, max=1000, help=f"Further cold starts, without bytecode. {_usual('no_bytecode_starts')}."),
]
AblationStarts = Annotated[
    int | None,
    typer.Option(min=0, max=1000, help=f"Cold starts of each, {ABLATE['starts']} unless said otherwise; 0: none."),
]
IdleConnections = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MOST_CONNECTIONS,
        help="WebSockets that each contender holds at the end of a block, to tell the memory of one that is idle: "
        f"{IDLE_CONNECTIONS:,} unless said otherwise, and 0 where a scenario opens none.",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Of the random orders; chosen at random and recorded.")]
Wait = Annotated[Literal["spin", "sleep"] | None, typer.Option(help="How the generator waits; spin if it owns a core.")]
Samples = Annotated[bool, typer.Option("--samples", help="Keep every single latency.")]
Runs = Annotated[Path | None, typer.Option(help="Where the run's folder is made; results/runs.")]

# Over occasions
Times = Annotated[int, typer.Option(min=1, max=1000, help="Occasions in all, those that are there already included.")]
Every = Annotated[str, typer.Option(help="From one start to the next at least, such as 90s, 25m or 2h.")]
Add = Annotated[
    list[Path] | None, typer.Option(help="Measure nothing; add this run's folder. May be given more than once.")
]
EverySeries = Annotated[bool, typer.Option("--report", help="Measure nothing; show every series that is there.")]
Occasions = Annotated[Path | None, typer.Option(help="The file of occasions; results/occasions.jsonl.")]
RunFolders = Annotated[Path | None, typer.Option(help="Where the runs' folders are made; results/runs.")]
Reproduced = Annotated[Path | None, typer.Option(help="A folder for the report as Markdown and JSON.")]

# What one address is asked
Url = Annotated[str, typer.Argument(help="The server, such as http://127.0.0.1:8000")]
AddressConnections = Annotated[int, typer.Option(min=1, max=10_000, help="Concurrent connections, always busy.")]
AddressProcesses = Annotated[
    int,
    typer.Option(
        "--load-processes", min=1, max=MOST_PROCESSES, help="Generator processes, among which connections are split."
    ),
]
Duration = Annotated[float, typer.Option(min=0.25, max=3600, help="Seconds, after a warm-up.")]
AddressWait = Annotated[Literal["spin", "sleep"], typer.Option(help="How the generator waits.")]
Web = Annotated[bool, typer.Option("--web", help="Open Locust's own page instead; Ctrl-C ends it.")]
WebPort = Annotated[int, typer.Option(min=1, max=65535, help="The port of that page.")]

# How the next run is cut
SomeRuns = Annotated[list[Path] | None, typer.Argument(help="Folders of runs of one kind; none: measure a new one.")]
HalfWidth = Annotated[
    float | None,
    typer.Option(min=0.1, max=100, help="Per cent either side of a ratio for its 95 % interval; as METHOD.md expects."),
]
Minutes = Annotated[float | None, typer.Option(min=0.1, help="Say also what half-width this time allows.")]
Out = Annotated[Path | None, typer.Option(help="A folder to write the result into.")]

# Trials of known answer
Trials = Annotated[int, typer.Option(min=0, help="Finished trials of each kind to have; those there are count.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        help="Only same (an app against itself), slower5 or slower10 (a control that does 5 or 10 % more work)."
    ),
]
Itself = Annotated[str, typer.Option(help=r"Who is compared with itself: \[PATH:]app\[@deployment].")]
Budget = Annotated[float | None, typer.Option(min=0, help="Start no trial that may end later than after this.")]
OnlyReport = Annotated[bool, typer.Option("--report", help="Measure nothing, only say what the ledger holds.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the runs of the trials, in results/runs.")]
Ledger = Annotated[Path | None, typer.Option(help="Where the lines of the trials are; results/ledger.jsonl.")]

# What is compared or audited afterwards
_A_RUN = "RUN or RUN:CONTENDER, RUN being the folder of a run"
First = Annotated[str, typer.Argument(metavar="A", help=f"{_A_RUN}.")]
Second = Annotated[str, typer.Argument(metavar="B", help=f"{_A_RUN}; ratios are B over A.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Compare across machines and conditions, under a warning.")]
FailOnSlower = Annotated[
    bool,
    typer.Option("--fail-on-slower", help="Exit with 1 if a contender is SLOWER in B, with 3 if one is UNDECIDED."),
]
Written = Annotated[Path | None, typer.Option(help="A folder to write the result into, as JSON and as Markdown.")]
Published = Annotated[str, typer.Argument(help="A table under results/published, by its name, or any TOML file.")]
AuditedRun = Annotated[
    Path | None,
    typer.Argument(help="The folder of a run or a matrix; the newest reference runs that speak of the table."),
]
FailOnClaim = Annotated[
    bool, typer.Option("--fail", help="Exit with 1 if a claim is not reproduced or inconsistent as stated.")
]
