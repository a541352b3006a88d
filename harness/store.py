"""Keeps runs: the plan first, then each outcome as it ends. A run that was cut off at any byte can be read and resumed.

Format 2 (November 2026): run.json is a RunHead, outcomes.jsonl one Outcome a line. In the counts of a histogram -n
stands for n empty buckets in a row. Format 1 (November 2026) wrote each of these as a 0; it is read as well.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import StoreError
from harness.model import BlockOutcome, Outcome, ResultSet, RunHead, TurnOutcome

_HEAD = "run.json"
_OUTCOMES = "outcomes.jsonl"
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def new_folder(runs: Path, lineup: str, at: float) -> Path:
    """A fresh folder for a run, named by its time and line-up. Raises StoreError before anything is measured."""
    name = f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}-{lineup}"
    for candidate in (name, *(f"{name}-{number}" for number in range(2, 100))):
        try:
            (runs / candidate / "logs").mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(runs, error) from error
        return runs / candidate
    raise StoreError(f'"{runs}" holds a hundred runs of this second already', "Wait a second.")


def new_part(folder: Path, name: str) -> Path:
    """A folder for one of several runs that are made in rotation, inside theirs. Raises StoreError."""
    try:
        (folder / name / "logs").mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder / name


def parts(folder: Path) -> tuple[Path, ...]:
    """The runs inside a folder, the shortest name first (c1, c10, c100); none where it is a run itself."""
    if (folder / _HEAD).exists():
        return ()
    return tuple(sorted((head.parent for head in folder.glob(f"*/{_HEAD}")), key=lambda one: (len(one.name), one.name)))


def write_head(folder: Path, head: RunHead) -> None:
    """Write run.json whole or not at all. Raises StoreError."""
    partial = folder / f"{_HEAD}.partial"
    try:
        partial.write_text(head.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / _HEAD)
        (folder / _OUTCOMES).touch()
    except OSError as error:
        raise _unwritable(folder, error) from error


def append(folder: Path, outcome: Outcome) -> None:
    """Add one outcome; once this returns it is on disk. Raises StoreError."""
    line = _OUTCOME.dump_json(outcome) + b"\n"
    try:
        with (folder / _OUTCOMES).open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(folder, error) from error


def read(folder: Path) -> ResultSet:
    """A run from its folder; a last line that was cut off is left out. Raises StoreError."""
    head = _read_head(folder / _HEAD)
    lines = _outcome_bytes(folder).split(b"\n")[:-1]
    outcomes = tuple(_outcome(folder, *numbered) for numbered in enumerate(lines, 1))
    for number, outcome in enumerate(outcomes, 1):
        _refuse_stranger(folder, number, outcome, head)
    return ResultSet(head=head, outcomes=outcomes)


def mend(folder: Path) -> None:
    """Cut off a last line that was not written whole, so that more can be appended. Raises StoreError."""
    content = _outcome_bytes(folder)
    whole = content.rfind(b"\n") + 1
    try:
        if whole < len(content):
            os.truncate(folder / _OUTCOMES, whole)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _read_head(path: Path) -> RunHead:
    try:
        return RunHead.model_validate_json(_bytes(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(
            f'"{path}" is not the head of a run: {where}: {first["msg"]}', "Was it made by another version of Rematch?"
        ) from error


def _outcome(folder: Path, number: int, line: bytes) -> Outcome:
    try:
        return _OUTCOME.validate_json(line)
    except ValidationError as error:
        raise StoreError(
            f'line {number} of "{folder / _OUTCOMES}" is no outcome: {error.errors()[0]["msg"]}',
            "Only the last line of a run that was cut off may be broken. Delete that line to go on without it.",
        ) from error


def _refuse_stranger(folder: Path, number: int, outcome: Outcome, head: RunHead) -> None:
    """An outcome is about what the head has planned; nothing that is counted may go by without a name."""
    labels = set(outcome.servers) if isinstance(outcome, BlockOutcome) else {outcome.contender}
    strangers = sorted(labels - {member.label for member in head.members})
    wrong = [f'the contender "{label}"' for label in strangers]
    if isinstance(outcome, TurnOutcome | BlockOutcome) and outcome.block not in {
        block.index for block in head.schedule
    }:
        wrong.append(f"block {outcome.block}")
    if wrong:
        raise StoreError(
            f'line {number} of "{folder / _OUTCOMES}" is about {" and ".join(wrong)}, not planned in {_HEAD}',
            "Do both files belong to the same run?",
        )


def _outcome_bytes(folder: Path) -> bytes:
    """A run that was cut off right after its head was written has no outcomes yet."""
    path = folder / _OUTCOMES
    return _bytes(path) if path.exists() else b""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f'"{path}" does not exist', "Name the folder of a run, such as results/runs/...") from error
    except OSError as error:
        raise StoreError(f'"{path}" cannot be read: {error.strerror}', "Check its permissions.") from error


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f'"{path}" cannot be written: {error.strerror}',
        "Free some space or name a folder that you may write with --out; what was stored so far is kept.",
    )
