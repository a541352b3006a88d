"""One run: what was planned, by whom and where, and every outcome of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from harness.model.contenders import Traits
from harness.model.outcomes import (
    BlockOutcome,
    DuetOutcome,
    IdleOutcome,
    ImportsOutcome,
    Outcome,
    StartOutcome,
    TurnOutcome,
)
from harness.model.plans import BlockKind, BlockPlan, Placement, Plan
from harness.model.scenarios import Scenario
from harness.model.value import Value


class Fingerprint(Value):
    """Where and with what a run was made. Only `identity` must agree between runs that are compared or resumed."""

    identity: Mapping[str, Any]
    moment: Mapping[str, Any]


class Member(Value):
    """A contender as it took part: what the report says of it without the app's folder at hand.

    `pins` are the versions that it was asked for with; in a run where anybody has such, `packages` are those of all
    that its environment holds, and of Python.
    """

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
    # Left out of a file where there are none: a run of before them is the same to the byte.
    pins: Mapping[str, str] = Field(default={}, exclude_if=lambda pins: not pins)
    packages: Mapping[str, str] = Field(default={}, exclude_if=lambda packages: not packages)

    @property
    def choices(self) -> Mapping[str, str | int | None]:
        """All in which it may differ from another deployment of its app."""
        return {**self.traits.model_dump(), "workers": self.workers, "threads": self.threads}

    @property
    def is_yardstick(self) -> bool:
        """Whether it stands in every block to judge the measurement by, and is no contender."""
        return self.role in {"null", "control"}


class RunHead(Value):
    """run.json: written before the first launch.

    `format`: see `store`. `command`: the words typed after ./bench; None: not kept. `varies`: the choice in which a
    label differs from the reference. `absent` are those that were named, but take no part in the scenario, and why.
    `against`: of every label that stands at several versions, that of the version to which the others are held, itself
    among them.
    """

    format: Literal[1, 2] = 2
    name: str
    created_at: float
    plan: Plan
    scenario: Scenario
    placement: Placement
    members: tuple[Member, ...]
    schedule: tuple[BlockPlan, ...]
    fingerprint: Fingerprint
    digests: Mapping[str, str]
    command: tuple[str, ...] | None = None
    varies: Mapping[str, str] = {}
    absent: Mapping[str, str] = {}
    against: Mapping[str, str] = Field(default={}, exclude_if=lambda against: not against)

    @property
    def drops_page_cache(self) -> bool:
        """Whether the page cache of the host can be dropped."""
        return bool(self.fingerprint.moment.get("drops_page_cache"))


class ResultSet(Value):
    """One run: its head and every outcome, in the order in which they were written."""

    head: RunHead
    outcomes: tuple[Outcome, ...]

    def member(self, label: str) -> Member:
        return next(member for member in self.head.members if member.label == label)

    @property
    def counted(self) -> tuple[Outcome, ...]:
        """What need not be done again: imports, cold starts, and finished blocks with all that is in them."""
        finished = {(block.block, block.attempt) for block in self.finished}
        parts = (one for one in self.outcomes if isinstance(one, TurnOutcome | DuetOutcome | IdleOutcome))
        in_blocks = (one for one in parts if (one.block, one.attempt) in finished)
        return (*self.imports, *self.starts, *in_blocks, *self.finished)

    @property
    def imports(self) -> tuple[ImportsOutcome, ...]:
        """What each contender imports; of one that was asked twice, the last."""
        imports = (outcome for outcome in self.outcomes if isinstance(outcome, ImportsOutcome))
        return tuple({one.contender: one for one in imports}.values())

    @property
    def starts(self) -> tuple[StartOutcome, ...]:
        """Cold starts that count; of one that was made twice, the last."""
        starts = (one for one in self.outcomes if isinstance(one, StartOutcome) and one.counted)
        return tuple({(start.contender, start.variant, start.index): start for start in starts}.values())

    @property
    def finished(self) -> tuple[BlockOutcome, ...]:
        """Finished blocks of every kind, by index; of a block that was run twice, the last."""
        last = {outcome.block: outcome for outcome in self.outcomes if isinstance(outcome, BlockOutcome)}
        return tuple(last[index] for index in sorted(last))

    @property
    def blocks(self) -> tuple[BlockOutcome, ...]:
        """Finished usual blocks: all that is said of throughput comes from them."""
        usual = self._indices("usual")
        return tuple(block for block in self.finished if block.block in usual)

    @property
    def turns(self) -> tuple[TurnOutcome, ...]:
        """Turns of finished usual blocks, warm-ups included."""
        return self.turns_of("usual")

    def turns_of(self, kind: BlockKind) -> tuple[TurnOutcome, ...]:
        """Turns of finished blocks of this kind, warm-ups included."""
        indices = self._indices(kind)
        turns = (outcome for outcome in self.counted if isinstance(outcome, TurnOutcome))
        return tuple(turn for turn in turns if turn.block in indices)

    @property
    def duets(self) -> tuple[DuetOutcome, ...]:
        """Duets of finished blocks."""
        return tuple(outcome for outcome in self.counted if isinstance(outcome, DuetOutcome))

    @property
    def idles(self) -> tuple[IdleOutcome, ...]:
        """What held idle connections in finished blocks."""
        return tuple(outcome for outcome in self.counted if isinstance(outcome, IdleOutcome))

    def _indices(self, kind: BlockKind) -> frozenset[int]:
        return frozenset(block.index for block in self.head.schedule if block.kind == kind)
