"""Keeps occasions, a run each at its hour and boot: what it said of every contender, and which of them speak together.

Format 1 (November 2026): one Occasion a line. Lines are only ever added; of a run added twice the last one counts.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import StoreError
from harness.model import Estimate, Member, Occasion, OccasionRow, Plan, Pooled, Row, RunHead, Series, Summary
from harness.model.occasions import series
from harness.stats.occasions import log_error, pooled

OCCASIONS = Path(__file__).parent.parent / "results" / "occasions.jsonl"

_NOT_THE_MACHINE = {"kernel", "versions"}  # another boot may bring another kernel; digests of apps tell their versions


def occasion(head: RunHead, summary: Summary, command: str) -> Occasion:
    """A run as an occasion. `command` is what made it one."""
    identity = head.fingerprint.identity
    levels = [row.requests_per_s for row in summary.rows if row.member.role == "control"]
    return Occasion(
        run=head.name,
        at=head.created_at,
        boot_id=head.fingerprint.moment.get("boot_id"),
        machine=_machine(head),
        cpu_model=identity.get("cpu_model"),
        plan=_plan(head.plan),
        digests=head.digests,
        command=command,
        lineup=head.plan.lineup,
        scenario=head.scenario.name,
        reference=head.plan.reference,
        connections=head.plan.connections,
        blocks=summary.blocks_finished,
        control_per_s=next((level.value for level in levels if level), None),
        rows=tuple(_row(row) for row in summary.rows if not row.member.is_yardstick),
    )


def series_of(head: RunHead) -> tuple[str, ...]:
    """The series that a run with this head belongs to: see `Occasion.series`."""
    return series(_plan(head.plan), _machine(head), head.digests)


def all_series(occasions: Iterable[Occasion]) -> tuple[Series, ...]:
    """Occasions by series, in the order in which the series began."""
    found: dict[tuple[str, ...], list[Occasion]] = {}
    for one in sorted(occasions, key=lambda one: one.at):
        found.setdefault(one.series, []).append(one)
    return tuple(_series(tuple(alike)) for alike in found.values())


def speaking_of(head: RunHead, occasions: Iterable[Occasion]) -> Mapping[str, Pooled]:
    """What occasions say together of a run's contenders, by label; those are left out of whom they say nothing.

    An occasion speaks of a contender that it compared with the same reference, in the same scenario, over so many
    connections, on the same machine, and measured with the same code: not by its line-up, nor its number of blocks.
    """
    reference = next(member for member in head.members if member.label == head.plan.reference)
    alike = [one for one in occasions if _asks_the_same(one, head) and _said_of(reference, one, head)]
    said = {
        member.label: [(one, row) for one in alike if (row := _said_of(member, one, head))] for member in head.members
    }
    found = {label: pooled(_settled(rows)) for label, rows in said.items()}
    return {label: one for label, one in found.items() if one}


def pooled_for(head: RunHead, path: Path = OCCASIONS) -> Mapping[str, Pooled]:
    """See `speaking_of`, of the committed occasions. Raises StoreError."""
    return speaking_of(head, read(path))


def read(path: Path) -> tuple[Occasion, ...]:
    """Every occasion kept; none if there is no such file. A last line that was cut off is left out. Raises StoreError.

    Of a run that was added twice, the last.
    """
    lines = _bytes(path).split(b"\n")[:-1]
    found = [_occasion(path, number, line) for number, line in enumerate(lines, 1)]
    return tuple({(one.run, one.at): one for one in found}.values())


def append(path: Path, one: Occasion) -> None:
    """Add an occasion; once this returns it is on disk. A last line that was cut off goes. Raises StoreError."""
    whole = _bytes(path).rfind(b"\n") + 1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.truncate(whole)
            file.write(one.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f'"{path}" cannot be written: {error.strerror}',
            "The run itself is kept. Mend that, then: ./bench reproduce --add RUN",
        ) from error


def _row(row: Row) -> OccasionRow:
    ratio = row.comparison.ratio if row.comparison else None
    return OccasionRow(
        contender=row.member.label,
        app=row.member.app,
        deployment=row.member.deployment,
        verdict=row.verdict,
        requests_per_s=row.requests_per_s.value if row.requests_per_s else None,
        ratio=ratio,
        log_ratio=math.log(ratio.value) if ratio else None,
        log_error=log_error(ratio) if ratio else None,
        duet=row.duet.comparison.ratio if row.duet else None,
    )


def _series(alike: tuple[Occasion, ...]) -> Series:
    """What they say together of each contender but the reference."""
    rows: dict[str, list[tuple[Occasion, OccasionRow]]] = {}
    for one in alike:
        for row in one.rows:
            if row.contender != one.reference:
                rows.setdefault(row.contender, []).append((one, row))
    duets = {label: [row.duet for _, row in found if row.duet] for label, found in rows.items()}
    return Series(
        occasions=alike,
        pooled={label: pooled(_settled(found)) for label, found in rows.items()},
        pooled_duets={label: pooled(found) for label, found in duets.items() if found},
    )


def _settled(rows: Iterable[tuple[Occasion, OccasionRow]]) -> list[Estimate]:
    """The ratios of which nothing is in doubt: neither the contender's number nor the reference's in that occasion."""
    return [row.ratio for one, row in rows if row.ratio and one.is_settled(row)]


def _asks_the_same(one: Occasion, head: RunHead) -> bool:
    asked = head.plan.reference, head.scenario.name, head.plan.connections, _machine(head)
    digests = ("measuring", f"scenario {head.scenario.name}")
    return (one.reference, one.scenario, one.connections, one.machine) == asked and _agree(one, head, digests)


def _said_of(member: Member, one: Occasion, head: RunHead) -> OccasionRow | None:
    """What an occasion said of this very contender, served in the same way from the same folder."""
    wanted = member.label, member.app, member.deployment
    rows = (row for row in one.rows if (row.contender, row.app, row.deployment) == wanted)
    return next(rows, None) if _agree(one, head, [f"app {member.app}"]) else None


def _agree(one: Occasion, head: RunHead, digests: Iterable[str]) -> bool:
    return all(one.digests.get(key) == head.digests.get(key) for key in digests)


def _plan(plan: Plan) -> str:
    return _digest(plan.model_dump(mode="json", exclude={"seed"}))


def _machine(head: RunHead) -> str:
    return _digest({key: fact for key, fact in head.fingerprint.identity.items() if key not in _NOT_THE_MACHINE})


def _digest(facts: Mapping[str, Any]) -> str:
    """The first 16 digits of SHA-256, as of all that must agree."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _occasion(path: Path, number: int, line: bytes) -> Occasion:
    try:
        return Occasion.model_validate_json(line)
    except ValidationError as error:
        raise StoreError(
            f'line {number} of "{path}" is no occasion: {error.errors()[0]["msg"]}',
            "Was it made by another version of Rematch? See results/README.md.",
        ) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise StoreError(f'"{path}" cannot be read: {error.strerror}', "Check its permissions.") from error
