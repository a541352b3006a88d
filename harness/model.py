"""The frozen values that modules exchange. SI base units: seconds, bytes, counts. `None` means not measured."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Value(BaseModel):
    """A frozen value; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# What is compared ----------------------------------------------------------------------------------------------------


class Traits(Value):
    """What often matters more than the framework, as visible columns. `None`: not stated by the app."""

    server: str | None = None
    worker_class: str | None = None
    loop: str | None = None
    parser: str | None = None
    json_library: str | None = None
    keep_alive: str | None = None
    access_log: str | None = None
    proxy_headers: str | None = None


class Deployment(Value):
    """One way to serve an app. `command` may hold {python} {bin} {host} {port} {workers} {threads} {app}."""

    command: tuple[str, ...] = Field(min_length=1)
    environment: Mapping[str, str] = {}
    workers: int | None = Field(default=None, ge=1, description="None: as many as the host has CPUs")
    threads: int = Field(default=1, ge=1, description="per process")
    connections: Literal["kept", "closed"] = "kept"
    about: str = ""
    traits: Traits = Traits()


class App(Value):
    """A folder with an app.toml. `folder` is absolute; deployments stand in its order; the first is the default."""

    name: str
    folder: Path
    title: str
    about: str = ""
    role: Literal["contender", "baseline", "null", "control"] = "contender"
    requirements: str | None = Field(default=None, description="a lock file in the folder; None: nothing to install")
    versions: tuple[str, ...] = ()
    deployments: Mapping[str, Deployment] = Field(min_length=1)


class Contender(Value):
    """A row of the table: a label, an app, and one of its deployments."""

    label: str
    app: App
    deployment_name: str

    @property
    def deployment(self) -> Deployment:
        return self.app.deployments[self.deployment_name]


class Lineup(Value):
    """A named list of contenders, as specifications; ratios are taken to `reference` (a label)."""

    name: str
    about: str
    contenders: tuple[str, ...] = Field(min_length=1)
    reference: str


# What is asked -------------------------------------------------------------------------------------------------------


class Expectation(Value):
    """The answer that a request must get: status, media type, and a JSON body up to key order and number format."""

    status: int = 200
    media_type: str = "application/json"
    json_body: Any = None


class Request(Value):
    """One request. `weight` is its share of the load; 0: only asked when verifying."""

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/[\x21-\x7e]*$")
    weight: int = Field(default=1, ge=0)
    expect: Expectation


class Scenario(Value):
    """What is asked of every app: the load and the equivalence check in one."""

    name: str
    about: str
    isolates: str
    leaves_out: str
    connections: int = Field(default=100, ge=1)
    requests: tuple[Request, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_load(self) -> Scenario:
        if not self.load:
            raise ValueError("no request has a weight above 0, so there is no load")
        return self

    @property
    def load(self) -> tuple[Request, ...]:
        """The requests of one cycle of the load, each as often as it weighs."""
        return tuple(request for request in self.requests for _ in range(request.weight))


# What is planned -----------------------------------------------------------------------------------------------------


class Placement(Value):
    """Who may run where. `owns_core`: servers and generator share no core, not even as sibling threads."""

    server_cpus: tuple[int, ...]
    generator_cpus: tuple[int, ...]
    owns_core: bool


class Limits(Value):
    """What a server side may use."""

    cpus: tuple[int, ...]
    memory_bytes: int | None = None


class Plan(Value):
    """Everything chosen before the run. `contenders` are specifications; `reference` is a label."""

    scenario: str
    lineup: str
    contenders: tuple[str, ...]
    reference: str
    engine: str = "connection"
    connections: int = Field(default=100, ge=1, le=10_000)
    blocks: int = Field(default=12, ge=1)
    rounds: int = Field(default=8, ge=1)
    starts: int = Field(default=20, ge=0, description="cold starts per contender")
    warm_s: float = Field(default=0.8, gt=0)
    slice_min_s: float = Field(default=0.25, gt=0)
    slice_max_s: float = Field(default=1.0, gt=0)
    turnovers: int = Field(default=4, ge=1, description="counted turnovers that a slice should hold")
    renewals: int = Field(default=4, ge=1, description="times a block that connections are made anew, if workers > 1")
    wait: Literal["spin", "sleep"] = "spin"
    request_timeout_s: float = Field(default=10.0, gt=0)
    launch_timeout_s: float = Field(default=30.0, gt=0)
    seed: int = 0
    samples: bool = False
    quick: bool = False


class Turn(Value):
    """One window of load on one contender. Round 0 is the warm-up. `renew`: open every connection anew."""

    contender: str
    round: int
    renew: bool = False


class BlockPlan(Value):
    """The order of one block: launches, then warm-ups, then rounds of slices."""

    index: int
    launches: tuple[str, ...]
    turns: tuple[Turn, ...]


# What happened -------------------------------------------------------------------------------------------------------


class ErrorCause(StrEnum):
    """Why a request got no correct answer."""

    CONNECT = "connect"
    RESET = "reset"
    TIMEOUT = "timeout"
    STATUS = "status"
    BODY = "body"
    FRAMING = "framing"


class Histogram(Value):
    """Counts of durations in buckets of constant relative width: see `histogram`. `first` is the index of counts[0]."""

    first: int = 0
    counts: tuple[int, ...] = ()
    sum_s: float = 0.0
    min_s: float | None = None
    max_s: float | None = None


class Recording(Value):
    """Raw facts of one turn.

    `counted` correct answers came in `counted_s`, from the completion that ended the first turnover to the last one
    before the stop. `latency` holds the requests started in that time, followed through the drain. `busy` is the mean
    over the planned connections of the share of its time that a connection had a request under way (1.0 by Little's
    law). `answered` counts all correct answers, first turnover and drain included. `generator_empty_s` is the CPU time
    that a spinning generator spent on polls that found nothing. `connections` are those still open after the drain;
    `reconnects` excludes the first opening of each and planned renewals.
    """

    contender: str
    round: int
    started_at: float
    duration_s: float
    answered: int
    counted: int
    counted_s: float
    errors: Mapping[ErrorCause, int] = {}
    first_error: str | None = None
    latency: Histogram
    busy: float | None
    connections: int
    reconnects: int
    generator_cpu_s: float
    generator_empty_s: float
    drain_s: float


class Failure(Value):
    """Where a start or a turn went wrong, and how."""

    stage: Literal["launch", "verify", "warm", "slice", "usage"]
    message: str
    hint: str = ""


class Process(Value):
    """One process of a server; pid and start time together name it for good."""

    pid: int
    started_at: float
    name: str
    cpu_s: float
    threads: int


class Usage(Value):
    """What a server's process tree has used since its launch, at one moment. Memory is the proportional set size."""

    cpu_s: float
    memory_bytes: int | None
    processes: tuple[Process, ...]
    throttled: int | None = None
    oom_kills: int | None = None


class MachineReading(Value):
    """CPU time of the whole host since boot, at one moment; `own_s` is the part of our own processes."""

    monotonic_s: float
    busy_s: float | None
    steal_s: float | None
    own_s: float | None


class Enforcement(Value):
    """What was asked of the host and what the kernel says holds."""

    mechanism: str
    asked: Limits
    held: Mapping[str, Any]
    enforced: bool


class Launched(Value):
    """A server that answered correctly. Times run from just before it was spawned."""

    contender: str
    host: str
    port: int
    pid: int
    listening_s: float
    ready_s: float
    command: tuple[str, ...]
    log: str
    enforcement: Enforcement


class StartOutcome(Value):
    """One cold start."""

    kind: Literal["start"] = "start"
    contender: str
    attempt: int
    index: int
    at: float
    listening_s: float | None = None
    ready_s: float | None = None
    failure: Failure | None = None


class TurnOutcome(Value):
    """One turn: a recording, or a failure, or (wrong answers) both."""

    kind: Literal["turn"] = "turn"
    block: int
    attempt: int
    contender: str
    round: int
    recording: Recording | None = None
    failure: Failure | None = None


class ServerOutcome(Value):
    """One contender's part in a block; usage is read after the warm-up and after the last slice."""

    launched: Launched | None = None
    warmed: Usage | None = None
    ended: Usage | None = None
    failure: Failure | None = None


class BlockOutcome(Value):
    """The end of a block: it counts only if this line is there."""

    kind: Literal["block"] = "block"
    block: int
    attempt: int
    started_at: float
    ended_at: float
    machine_before: MachineReading
    machine_after: MachineReading
    servers: Mapping[str, ServerOutcome]


Outcome = Annotated[StartOutcome | TurnOutcome | BlockOutcome, Field(discriminator="kind")]


class Fingerprint(Value):
    """Where and with what a run was made. Only `identity` must agree between runs that are compared or resumed."""

    identity: Mapping[str, Any]
    moment: Mapping[str, Any]


class Member(Value):
    """A contender as it took part: what the report says of it without the app's folder at hand."""

    label: str
    app: str
    title: str
    deployment: str
    role: Literal["contender", "baseline", "null", "control"]
    workers: int
    threads: int
    connections: Literal["kept", "closed"]
    traits: Traits
    command: tuple[str, ...]
    versions: Mapping[str, str]


class RunHead(Value):
    """run.json: written before the first launch."""

    format: Literal[1] = 1
    name: str
    created_at: float
    plan: Plan
    scenario: Scenario
    placement: Placement
    members: tuple[Member, ...]
    schedule: tuple[BlockPlan, ...]
    fingerprint: Fingerprint
    digests: Mapping[str, str]


class ResultSet(Value):
    """One run: its head and every outcome, in the order in which they were written."""

    head: RunHead
    outcomes: tuple[Outcome, ...]

    def member(self, label: str) -> Member:
        return next(member for member in self.head.members if member.label == label)

    @property
    def counted(self) -> tuple[StartOutcome | TurnOutcome | BlockOutcome, ...]:
        """What need not be done again: cold starts, and finished blocks with their turns."""
        return (*self.starts, *self.turns, *self.blocks)

    @property
    def starts(self) -> tuple[StartOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, StartOutcome))

    @property
    def blocks(self) -> tuple[BlockOutcome, ...]:
        """Finished blocks, by index; of a block that was run twice, the last."""
        last = {outcome.block: outcome for outcome in self.outcomes if isinstance(outcome, BlockOutcome)}
        return tuple(last[index] for index in sorted(last))

    @property
    def turns(self) -> tuple[TurnOutcome, ...]:
        """Turns of finished blocks, warm-ups included."""
        counted = {(block.block, block.attempt) for block in self.blocks}
        turns = (outcome for outcome in self.outcomes if isinstance(outcome, TurnOutcome))
        return tuple(turn for turn in turns if (turn.block, turn.attempt) in counted)


# What it means -------------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    """What may be said about a number. The first that applies, in this order."""

    INVALID = "INVALID"
    CLIENT_BOUND = "CLIENT-BOUND"
    UNSETTLED = "UNSETTLED"
    SERVER_BOUND = "SERVER-BOUND"


class Call(StrEnum):
    """What may be said about a ratio."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    UNDECIDED = "UNDECIDED"


class Doubt(Value):
    """What one guard saw. `gives` is None where it found nothing wrong, or is only said; `contender` None: all."""

    guard: str
    contender: str | None
    checked: bool
    gives: Verdict | None
    evidence: str


class Estimate(Value):
    """A number with its 95 % interval (`low`, `high` None: too few values to claim one) over `n` blocks or starts."""

    value: float
    low: float | None
    high: float | None
    n: int


class Comparison(Value):
    """A contender's throughput over the reference's. `detectable`: the smallest ratio above 1 found with power 80 %."""

    reference: str
    ratio: Estimate
    low99: float | None
    high99: float | None
    yuen_low: float | None
    yuen_high: float | None
    call: Call
    within_margin: bool
    detectable: float | None


class Latencies(Value):
    """Seconds, closed loop: what the busy connections saw at saturation."""

    count: int
    mean_s: float
    min_s: float
    p50_s: float
    p90_s: float
    p99_s: float
    p999_s: float
    max_s: float


class Row(Value):
    """All that is said of one contender."""

    member: Member
    verdict: Verdict
    rank: int | None
    requests_per_s: Estimate | None
    comparison: Comparison | None
    latency: Latencies | None
    ready_s: Estimate | None
    listening_s: Estimate | None
    cpu_s_per_request: float | None
    usd_per_million_requests: float | None
    memory_bytes: float | None
    processes: int | None
    threads: int | None
    reconnects_per_request: float | None
    failures: tuple[Failure, ...]


class ClaimRow(Value):
    """One row of a published table beside our row for the same framework; ratios are to that table's first row."""

    title: str
    contender: str | None
    claimed_requests_per_s: float
    claimed_latency_s: float
    claimed_cold_start_s: float
    claimed_ratio: float
    measured_ratio: float | None


class Summary(Value):
    """Numbers derived from a ResultSet: a pure function of it."""

    name: str
    blocks_planned: int
    blocks_finished: int
    rows: tuple[Row, ...]
    doubts: tuple[Doubt, ...]
    claims: tuple[ClaimRow, ...]
    claims_source: str | None
