"""What happened: raw facts, one outcome per start, turn and block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.model.plans import StartVariant
from harness.model.recordings import Recording
from harness.model.servers import Import, Launched, MachineReading, Usage
from harness.model.value import Value


class Failure(Value):
    """Where a start or a turn went wrong, and how."""

    stage: Literal["launch", "verify", "warm", "slice", "duet", "open loop", "usage", "idle"]
    message: str
    hint: str = ""


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


class IdleOutcome(Value):
    """What idle WebSockets cost a server that was launched for them alone.

    `opened` of the `asked` were open at once; `ended` says why no more were. Memory is the proportional set size of its
    process tree: `before_bytes` when one had been opened and closed again, `holding_bytes` while it held them. None:
    not measured.
    """

    kind: Literal["idle"] = "idle"
    block: int
    attempt: int
    contender: str
    asked: int
    opened: int | None = None
    ended: str | None = None
    before_bytes: int | None = None
    holding_bytes: int | None = None
    failure: Failure | None = None

    @property
    def bytes_each(self) -> float | None:
        """Memory for each of those that were open."""
        if not self.opened or self.before_bytes is None or self.holding_bytes is None:
            return None
        return (self.holding_bytes - self.before_bytes) / self.opened


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
    ImportsOutcome | StartOutcome | TurnOutcome | DuetOutcome | IdleOutcome | BlockOutcome, Field(discriminator="kind")
]
