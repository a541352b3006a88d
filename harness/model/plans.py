"""What is planned: everything chosen before a run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from harness.model.value import Value


class Placement(Value):
    """Who may run where. `owns_core`: servers and generator share no core, not even as sibling threads."""

    server_cpus: tuple[int, ...]
    generator_cpus: tuple[int, ...]
    owns_core: bool


class Limits(Value):
    """What a server side may use. `cpu_quota`: CPU seconds in a second, all servers together; None: no quota."""

    cpus: tuple[int, ...]
    memory_bytes: int | None = None
    cpu_quota: float | None = None


class StartVariant(StrEnum):
    """What a cold start finds: bytecode and a warm page cache, or only one of them."""

    WARM = "warm"
    DROPPED = "dropped"
    NO_BYTECODE = "no_bytecode"

    @property
    def in_words(self) -> str:
        """As people are told of it."""
        words = {StartVariant.DROPPED: "without page cache", StartVariant.NO_BYTECODE: "without bytecode"}
        return words.get(self, self.value)


class Plan(Value):
    """Everything chosen before the run. `contenders` are specifications; `reference` is a label."""

    scenario: str
    lineup: str
    contenders: tuple[str, ...]
    reference: str
    engine: str = "connection"
    connections: int = Field(default=100, ge=1, le=10_000)
    load_processes: int = Field(default=1, ge=1, le=64, description="generator processes on each machine that has any")
    blocks: int = Field(default=12, ge=1)
    rounds: int = Field(default=10, ge=1)
    starts: int = Field(default=20, ge=0, description="cold starts per contender, page cache warm")
    dropped_starts: int = Field(default=0, ge=0, description="further ones, page cache dropped just before")
    no_bytecode_starts: int = Field(default=0, ge=0, description="further ones, without bytecode")
    warm_s: float = Field(default=0.8, gt=0)
    warm_spread_s: float = Field(
        default=0.0,
        ge=0,
        description="each warm-up lasts up to so much longer, at random",
        exclude_if=lambda seconds: not seconds,  # so that a report of before is the same to the byte
    )
    slice_min_s: float = Field(default=0.25, gt=0)
    slice_max_s: float = Field(default=6.0, gt=0)
    lead_s: float = Field(
        default=0.0,
        ge=0,
        description="each slice lasts up to so much longer, at random, before what is counted",
        exclude_if=lambda seconds: not seconds,  # so that a report of before is the same to the byte
    )
    turnovers: int = Field(default=4, ge=1, description="counted turnovers that a slice should hold")
    renewals: int = Field(default=4, ge=1, description="times a block that connections are made anew, if workers > 1")
    duets: int = Field(default=0, ge=0, description="duets of each contender with the reference in a block")
    duet_s: float = Field(default=1.5, ge=1)
    open_blocks: int = Field(default=0, ge=0, description="blocks of open loop, after the others")
    open_s: float = Field(default=5.0, ge=1, description="of each window of open loop")
    open_shares: tuple[float, ...] = Field(default=(0.3, 0.6), description="of the slowest contender's capacity")
    other_wait_blocks: int = Field(default=0, ge=0, description="blocks in which the generator waits the other way")
    wait: Literal["spin", "sleep"] = "spin"
    request_timeout_s: float = Field(default=10.0, gt=0)
    launch_timeout_s: float = Field(default=30.0, gt=0)
    cpu_quota: float | None = Field(default=None, gt=0, description="CPU seconds in a second, all servers together")
    idle_connections: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="WebSockets that each contender holds at the end of a block, doing nothing",
        exclude_if=lambda count: not count,  # so that a report of before is the same to the byte
    )
    seed: int = 0
    samples: bool = False
    quick: bool = False

    @property
    def starts_by_variant(self) -> Mapping[StartVariant, int]:
        """Cold starts per contender. The further ones are set beside the warm ones: without these there are none."""
        further = {StartVariant.DROPPED: self.dropped_starts, StartVariant.NO_BYTECODE: self.no_bytecode_starts}
        return {StartVariant.WARM: self.starts, **further} if self.starts else {}

    @property
    def times_imports(self) -> bool:
        """Whether each contender is started once more, to time its imports."""
        return self.starts > 0 and not self.quick


class Start(Value):
    """One cold start. `counted` False: it only fills the page cache, as a counted one is to find it."""

    contender: str
    index: int
    variant: StartVariant = StartVariant.WARM
    counted: bool = True


class Turn(Value):
    """One window of load on one contender. Round 0 is the warm-up. `renew`: open every connection anew.

    `lead_s`: what is counted begins so much later than it could, and the turn is longer by that; a warm-up, too.
    `beside` makes it a duet: that contender is loaded at the same time. `share` makes it open loop, at this share of
    the slowest contender's capacity; `rate_per_s` is what that came to, once it is known.
    """

    contender: str
    round: int
    renew: bool = False
    lead_s: float = Field(default=0.0, exclude_if=lambda seconds: not seconds)
    beside: str | None = None
    share: float | None = None
    rate_per_s: float | None = None

    @property
    def contenders(self) -> tuple[str, ...]:
        """All that are under load."""
        return (self.contender, self.beside) if self.beside else (self.contender,)


BlockKind = Literal["usual", "other wait", "open loop"]


class BlockPlan(Value):
    """The order of one block: launches, then warm-ups, then rounds of slices, then duets; or windows of open loop.

    `idle` are those that are then launched anew, one after the other, and asked to hold idle connections.
    """

    index: int
    kind: BlockKind = "usual"
    launches: tuple[str, ...]
    turns: tuple[Turn, ...]
    idle: tuple[str, ...] = ()
