"""What happened: raw facts, one outcome per start, turn and block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import chain, groupby
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainSerializer

from harness.model.plans import Limits, StartVariant
from harness.model.value import Value


class ErrorCause(StrEnum):
    """Why a request got no correct answer."""

    CONNECT = "connect"
    RESET = "reset"
    TIMEOUT = "timeout"
    STATUS = "status"
    BODY = "body"
    FRAMING = "framing"


def _spread(written: tuple[int, ...]) -> tuple[int, ...]:
    """Counts as they are, from counts as they are written. Format 1 wrote all of them out, which reads the same."""
    return tuple(chain.from_iterable((count,) if count >= 0 else (0,) * -count for count in written))


def _collapsed(counts: tuple[int, ...]) -> list[int]:
    """Counts as they are written: most buckets of a short slice are empty, and -n stands for n of these in a row."""
    runs = ((count, list(alike)) for count, alike in groupby(counts))
    return [one for count, run in runs for one in ([-len(run)] if count == 0 and len(run) > 1 else run)]


class Histogram(Value):
    """Counts of durations in buckets of constant relative width: see `histogram`. `first` is the index of counts[0]."""

    first: int = 0
    counts: Annotated[
        tuple[int, ...], AfterValidator(_spread), PlainSerializer(_collapsed, return_type=list[int], when_used="json")
    ] = ()
    sum_s: float = 0.0
    min_s: float | None = None
    max_s: float | None = None


class Paced(Value):
    """How a turn of open loop kept its rate.

    `due` requests were to be sent at `rate_per_s`, evenly spaced; `in_time` of them were answered rightly by the stop.
    `lag` holds by how much the generator itself sent late where a connection was free; `queued` requests found none,
    because the server had not answered: their waiting is the server's, and counts.
    """

    share: float
    rate_per_s: float
    due: int
    in_time: int
    queued: int
    lag: Histogram


class GeneratorPart(Value):
    """What one of several generator processes did in a turn.

    It began `late_s` after the first one did, as far as its clock is known: within `clock_error_s`. `cpu_s` and
    `empty_s` are as a recording's `generator_cpu_s` and `generator_empty_s`, over its own `duration_s`.
    """

    connections: int
    duration_s: float
    cpu_s: float
    empty_s: float
    late_s: float
    clock_error_s: float


class Recording(Value):
    """Raw facts of one turn.

    `counted` correct answers were given in a window of `counted_s`, from the end of the second turnover to the stop;
    each counts by the share of its time that lies in the window. `latency` holds the requests started in it, followed
    through the drain; `longest_s` is the longest request of the whole turn. `busy` is the mean over the planned
    connections of the share of its time that a connection had a request under way. `answered` counts all correct
    answers, first turnovers and drain included. `generator_empty_s` is the CPU time that a spinning generator spent on
    polls that found nothing. `connections` are those still open after the drain; `reconnects` excludes the first
    opening of each and planned renewals. `asked_again` are requests that got no byte on a connection in use.

    `alternatives` counts those of the `answered` that were correct in another way than the first, by its name;
    `by_request` all of them by the request that they answer, where the load has several. `ran_out` is the request that
    had no row left which had not been asked yet: that ended the turn before its time.

    With `paced` the turn was open loop: every correct answer counts, `latency` holds all of them from the moment at
    which each request was due, and `busy` is not measured. In a duet the generator's times are those of both loads.

    `generators`: where there are several, what each of them did; all else is of all of them together, and the turn
    lasted while all of them made load.
    """

    contender: str
    round: int
    started_at: float
    duration_s: float
    answered: int
    counted: float
    counted_s: float
    errors: Mapping[ErrorCause, int] = {}
    first_error: str | None = None
    latency: Histogram
    longest_s: float | None
    busy: float | None
    connections: int
    reconnects: int
    asked_again: int
    generator_cpu_s: float
    generator_empty_s: float
    drain_s: float
    paced: Paced | None = None
    alternatives: Mapping[str, int] = {}
    by_request: Mapping[str, int] = {}
    ran_out: str | None = None
    generators: tuple[GeneratorPart, ...] = ()

    @property
    def requests_per_s(self) -> float | None:
        """Throughput of correct answers; None where none was counted."""
        return self.counted / self.counted_s if self.counted and self.counted_s else None

    def served_per_s(self, refusals: Collection[str]) -> float | None:
        """Throughput without these alternatives, by their share of all answers of the turn: no more is counted of them.

        Whoever is turned away is not served. Else a server that refuses soon would outdo one that does the work.
        """
        refused = sum(self.alternatives.get(name, 0) for name in refusals)
        per_s = self.requests_per_s
        return per_s * (1 - refused / self.answered) if per_s and refused else per_s


class Failure(Value):
    """Where a start or a turn went wrong, and how."""

    stage: Literal["launch", "verify", "warm", "slice", "duet", "open loop", "usage"]
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
    """What a server's process tree has used since its launch, at one moment. Memory is the proportional set size.

    `cpus` are those that one of its processes at least may run on.
    """

    cpu_s: float
    memory_bytes: int | None
    processes: tuple[Process, ...]
    throttled: int | None = None
    oom_kills: int | None = None
    cpus: tuple[int, ...] | None = None


class Credits(Value):
    """A burstable machine's credits, minutes of one CPU each: those left, those borrowed, those charged for."""

    balance: float
    surplus: float | None = None
    charged: float | None = None


class MachineReading(Value):
    """CPU time of the whole host since boot, at one moment; `own_s` is the part of our own processes.

    `exceeded` counts the packets that were held up or dropped because a rented machine's network allowance was
    exceeded, by allowance; None: nobody counts. `credits`: None where there are none, or they are not known.
    """

    monotonic_s: float
    busy_s: float | None
    steal_s: float | None
    own_s: float | None
    exceeded: Mapping[str, int] | None = None
    credits: Credits | None = None


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


class Import(Value):
    """What it took to import one module: by itself, and with all that it imported in turn."""

    module: str
    self_s: float
    cumulative_s: float


class ImportsOutcome(Value):
    """Every module that one start imported, in any of its processes. None: it told of none, or it failed."""

    kind: Literal["imports"] = "imports"
    contender: str
    attempt: int
    at: float
    imports: tuple[Import, ...] | None = None
    failure: Failure | None = None


class StartOutcome(Value):
    """One cold start. One that is not `counted` only filled the page cache."""

    kind: Literal["start"] = "start"
    contender: str
    attempt: int
    index: int
    variant: StartVariant = StartVariant.WARM
    counted: bool = True
    at: float
    listening_s: float | None = None
    ready_s: float | None = None
    failure: Failure | None = None


class TurnOutcome(Value):
    """One turn: a recording, or a failure, or (wrong answers) both.

    `services_cpu_s` is the CPU time of all services together, from rest to rest; None: there are none.
    """

    kind: Literal["turn"] = "turn"
    block: int
    attempt: int
    contender: str
    round: int
    recording: Recording | None = None
    services_cpu_s: float | None = None
    failure: Failure | None = None


class DuetPart(Value):
    """What one of the two did in a duet: from rest to rest, so that each answer's cost is in `cpu_s`.

    `cpu_s` is the CPU time of its process tree, `loaded_s` the time until its last answer. `is_whole`: no answer was
    wrong, and the same processes were there before and after.
    """

    answered: int
    cpu_s: float
    loaded_s: float
    is_whole: bool


class DuetOutcome(Value):
    """A contender and the reference under load at the same time, on the same CPUs.

    `took_s` is from the first reading of their clocks to the last. None: not kept, in older runs.
    """

    kind: Literal["duet"] = "duet"
    block: int
    attempt: int
    round: int
    contender: str
    beside: str
    parts: Mapping[str, DuetPart] = {}
    took_s: float | None = None
    failure: Failure | None = None


class ServerOutcome(Value):
    """One contender's part in a block; usage is read after the warm-up and after the last slice."""

    launched: Launched | None = None
    warmed: Usage | None = None
    ended: Usage | None = None
    failure: Failure | None = None


class ServicesOutcome(Value):
    """What the services of a block were, and have counted by contender.

    `facts`: versions and settings, by service. `connections` to the database are those of the warm contenders, of which
    each is `allowed_connections`. `mails` are all that had come when the contenders had ended. `hits` and `misses` of
    Valkey are those of all contenders together; None: it did not run.
    """

    facts: Mapping[str, Any]
    allowed_connections: Mapping[str, int]
    connections: Mapping[str, int]
    mails: Mapping[str, int]
    hits: int | None = None
    misses: int | None = None


class BlockOutcome(Value):
    """The end of a block: it counts only if this line is there. `services`: None where there were none."""

    kind: Literal["block"] = "block"
    block: int
    attempt: int
    started_at: float
    ended_at: float
    machine_before: MachineReading
    machine_after: MachineReading
    servers: Mapping[str, ServerOutcome]
    services: ServicesOutcome | None = None


Outcome = Annotated[
    ImportsOutcome | StartOutcome | TurnOutcome | DuetOutcome | BlockOutcome, Field(discriminator="kind")
]
