"""What it means: numbers with intervals, verdicts and doubts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from harness.model.outcomes import Failure
from harness.model.plans import StartVariant
from harness.model.runs import Member
from harness.model.servers import Import
from harness.model.value import Value


class Verdict(StrEnum):
    """What may be said about a number. The first that applies, in this order."""

    INVALID = "INVALID"
    CLIENT_BOUND = "CLIENT-BOUND"
    UNSETTLED = "UNSETTLED"
    SERVER_BOUND = "SERVER-BOUND"

    @classmethod
    def worst(cls, verdicts: Collection[Verdict]) -> Verdict:
        """What may be said of what rests on several numbers."""
        return next(one for one in cls if one in verdicts)


class Call(StrEnum):
    """What may be said about a ratio."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    UNDECIDED = "UNDECIDED"


About = Literal["throughput", "duet", "open loop"]


class Doubt(Value):
    """What one guard saw. `gives` is None where it found nothing wrong, or is only said; `contender` None: all.

    `about` says which of the contender's numbers it judges; only doubts about throughput give the row its verdict.
    """

    guard: str
    about: About = "throughput"
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


class Pooled(Value):
    """What `n` occasions say together of one ratio (`stats.occasions`), each of which has its own error.

    `ratio` is the mean over occasions, `by_precision` the one in which each counts by its own precision alone.
    `between` is the standard deviation of the true log ratio between occasions, `no_spread_p` the p value of there
    being none. The true ratio of another occasion lies from `next_low` to `next_high` 95 times in 100. `holding`
    occasions have a 95 % interval that holds `ratio`.
    """

    n: int
    ratio: Estimate
    by_precision: Estimate
    between: Estimate
    no_spread_p: float
    next_low: float
    next_high: float
    holding: int


class Latencies(Value):
    """Seconds. Closed loop: what the busy connections saw at saturation; open loop: see `OpenLoop`."""

    count: int
    mean_s: float
    min_s: float
    p50_s: float
    p90_s: float
    p99_s: float
    p999_s: float
    max_s: float


class Duet(Value):
    """What a request costs: answers per CPU second over the reference's, both under load at the same time.

    `slices_over_duet` is the ratio by slices over this one, paired by block. `kept`: no doubt about it.
    """

    comparison: Comparison
    slices_over_duet: Estimate | None
    kept: bool


class OpenLoop(Value):
    """Latency at a fixed rate, from the moment at which each request was due, over `windows` windows.

    `in_time`: share of the requests that were answered by the end of their window; `queued`: share that found no
    connection free; `lag_p99_s`: how late the generator itself was. `kept`: no doubt about it.
    """

    share: float
    rate_per_s: float
    windows: int
    latency: Latencies
    in_time: float
    queued: float
    lag_p99_s: float
    kept: bool


class Started(Value):
    """Medians of one variant of a contender's cold starts, from just before the spawn."""

    listening_s: Estimate | None
    ready_s: Estimate | None


class Imports(Value):
    """What a contender imports: how many modules, and the dearest by themselves, in order."""

    modules: int
    dearest: tuple[Import, ...]


class Idle(Value):
    """What an idle WebSocket costs a server in memory: the median over blocks, in each of which so many were `asked`.

    `opened` is how many were open at once, in the median block; `ended` says why not all, in the first block in which
    they were not.
    """

    asked: int
    opened: int | None
    memory_bytes: Estimate | None
    ended: str | None


class Row(Value):
    """All that is said of one contender. `ready_s` and `listening_s` are those of its warm starts.

    `other_wait` is its ratio to the reference under the other wait policy. `alternatives` counts, by name, how many of
    the `answered` answers of all its slices were right in another way than the first; both only where some were.
    `services_share` is the share of the servers' CPUs that services took in its slices.
    """

    member: Member
    verdict: Verdict
    rank: int | None
    requests_per_s: Estimate | None
    comparison: Comparison | None
    duet: Duet | None = None
    other_wait: Estimate | None = None
    latency: Latencies | None
    open_loop: tuple[OpenLoop, ...] = ()
    ready_s: Estimate | None
    listening_s: Estimate | None
    cpu_s_per_request: float | None
    usd_per_million_requests: float | None
    memory_bytes: float | None
    processes: int | None
    threads: int | None
    reconnects_per_request: float | None
    failures: tuple[Failure, ...]
    starts: Mapping[StartVariant, Started] = {}
    imports: Imports | None = None
    # Left out of a file where there is nothing to say of them: a summary of before is the same to the byte.
    answered: int | None = Field(default=None, exclude_if=lambda answered: answered is None)
    alternatives: Mapping[str, int] = Field(default={}, exclude_if=lambda counts: not counts)
    services_share: float | None = Field(default=None, exclude_if=lambda share: share is None)
    idle: Idle | None = Field(default=None, exclude_if=lambda idle: idle is None)
    pooled: Pooled | None = Field(default=None, exclude_if=lambda pooled: pooled is None)


class Release(Value):
    """A contender at one version, beside the version that it is held to: served alike from the same folder.

    `versions` are those of what its kind is pinned to, by name; `moved` is what else is another in the two
    environments, as it is in this one (None: not there). `comparison` is throughput over that of `against`: None for
    that one itself, and where nothing could be compared.
    """

    contender: str
    against: str
    versions: Mapping[str, str | None]
    moved: Mapping[str, str | None]
    comparison: Comparison | None


class ClaimRow(Value):
    """One row of a published table beside our row for the same framework; ratios are to that table's first row.

    `implied_latency_s` is the mean latency that follows from the row's own throughput for busy connections.
    """

    title: str
    contender: str
    claimed_requests_per_s: float
    claimed_latency_s: float
    claimed_cold_start_s: float
    claimed_ratio: float
    implied_latency_s: float
    measured_ratio: float | None


class Claims(Value):
    """A published table: who says it, of which host, at how many connections, and the rows that we can set beside it.

    `speedup` is how many times the throughput of the others its first row is said to have, from and to.
    """

    source: str
    host: str
    connections: int
    speedup: tuple[float, float] | None
    rows: tuple[ClaimRow, ...]


class Summary(Value):
    """Numbers derived from a ResultSet: a pure function of it. `absent`: who took no part, by label, and why."""

    name: str
    blocks_planned: int
    blocks_finished: int
    rows: tuple[Row, ...]
    doubts: tuple[Doubt, ...]
    claims: Claims | None
    absent: Mapping[str, str] = Field(default={}, exclude_if=lambda absent: not absent)
    # Left out of a file where there is none: as in Row.
    releases: tuple[Release, ...] = Field(default=(), exclude_if=lambda releases: not releases)
