"""Keeps trials of known answer: a line before each starts, another when it ends, in a file that only ever grows.

A trial that was cut off at any byte stays in it: a start without an end is an aborted trial.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from harness.costs import Spent
from harness.errors import StoreError
from harness.model import Call, Estimate, Plan, Value, Verdict

Kind = Literal["same", "slower5", "slower10"]
KINDS: tuple[Kind, ...] = get_args(Kind)
How = Literal["finished", "aborted", "failed"]


class Judged(Value):
    """A comparison as one estimator made it.

    `ratio` to the plan's reference with its 95 % interval, and its 99 % one; `logs`: log ratios, one per block;
    `settled`: no guard doubts it.
    """

    ratio: Estimate
    low99: float | None
    high99: float | None
    call: Call
    logs: tuple[float, ...]
    settled: bool


class Started(Value):
    """Written before a trial starts. `contenders` are specifications; `machine` is a digest of what it is."""

    line: Literal["started"] = "started"
    id: str
    kind: Kind
    at: float
    contenders: tuple[str, ...]
    plan: Plan
    digests: Mapping[str, str]
    machine: str
    cpu_model: str | None
    command: str


class Ended(Value):
    """Written when a trial ends. All but the times and the message is None or empty unless it was finished.

    `duet` is what the trial is about; `slices` stand beside it, fewer than in a run. `verdicts` (of the slices) by
    label; `doubts`: guards that gave any verdict.
    """

    line: Literal["ended"] = "ended"
    id: str
    at: float
    seconds: float
    how: How
    message: str | None = None
    duet: Judged | None = None
    slices: Judged | None = None
    verdicts: Mapping[str, Verdict] = {}
    doubts: tuple[str, ...] = ()
    spent: Spent | None = None


@dataclass(frozen=True)
class Trial:
    """One trial, as far as it came."""

    started: Started
    ended: Ended | None = None

    @property
    def how(self) -> How:
        """How it ended: without a line that says so, it was cut off."""
        return self.ended.how if self.ended else "aborted"

    @property
    def code(self) -> str:
        """See `code`."""
        return code(self.started.digests)

    @property
    def compared(self) -> str:
        """Who took part, without labels and order: `flask@gthread`, or `control@burn5, control@plain`."""
        return ", ".join(sorted({one.partition("=")[2] or one for one in self.started.contenders}))


@dataclass(frozen=True)
class Ledger:
    """All trials in the order of their starts. `torn`: lines that were cut off while they were written."""

    trials: tuple[Trial, ...] = ()
    torn: int = 0


_Line = Annotated[Started | Ended, Field(discriminator="line")]
_LINE: TypeAdapter[Started | Ended] = TypeAdapter(_Line)


def code(digests: Mapping[str, str]) -> str:
    """The code that measured a trial and the code that planned it, by digest: trials of other code are others."""
    return " ".join(digests[name] for name in ("measuring", "trials"))


def append(path: Path, line: Started | Ended) -> None:
    """Add a line; once this returns it is on disk. What was cut off before it stays, ended. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.write((b"" if _ends_whole(path) else b"\n") + _LINE.dump_json(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f'"{path}" cannot be written: {error.strerror}', "Name another ledger: --ledger") from error


def read(path: Path) -> Ledger:
    """A ledger from its file; an empty one where there is none. Raises StoreError."""
    trials: dict[str, Trial] = {}
    torn = 0
    for number, text in _lines(path):
        line = _line(path, number, text)
        if line is None:
            torn += 1
        elif isinstance(line, Started) and line.id not in trials:
            trials[line.id] = Trial(line)
        elif isinstance(line, Ended) and line.id in trials and trials[line.id].ended is None:
            trials[line.id] = Trial(trials[line.id].started, line)
        else:
            raise _broken(path, number, f'the trial "{line.id}" cannot have {line.line} here')
    return Ledger(tuple(trials.values()), torn)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line with its number; the last one, too, if it has no end."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f'"{path}" cannot be read: {error.strerror}', "Check its permissions.") from error
    yield from ((number, text) for number, text in enumerate(content.split(b"\n"), 1) if text)


def _line(path: Path, number: int, text: bytes) -> Started | Ended | None:
    """What a line says; None if it was cut off: a part of a JSON object is no JSON."""
    try:
        json.loads(text)
    except ValueError:
        return None
    try:
        return _LINE.validate_json(text)
    except ValidationError as error:
        raise _broken(path, number, error.errors()[0]["msg"]) from error


def _ends_whole(path: Path) -> bool:
    return not (content := path.read_bytes()) or content.endswith(b"\n")


def _broken(path: Path, number: int, why: str) -> StoreError:
    return StoreError(
        f'line {number} of "{path}" cannot stand there: {why}', "A ledger is only ever appended to: was it edited?"
    )
