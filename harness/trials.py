"""Plays trials of known answer, each a whole run of its own between two lines of the ledger."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from harness import campaign, catalog, ledger, pilot, store
from harness.block import Field
from harness.errors import InputError, RematchError
from harness.ledger import Ended, Kind, Ledger, Started
from harness.model import Outcome, ResultSet, RunHead, Summary, Verdict
from harness.prepare import Asked
from harness.stats.designs import Costs
from harness.stats.estimates import FEWEST
from harness.stats.slices import log_ratios, throughputs
from harness.summary import summarize

LEDGER = catalog.ROOT / "results" / "ledger.jsonl"
LONGEST_S = 90.0
"""What a trial may take."""

_PLANNED_S = 0.95 * LONGEST_S  # some take longer than those that they are planned by
_FIRST_ROUNDS = 5  # what there is time for where launch and warm-up take 1.5 s, slices of the two half a second
_SLOWER: Mapping[Kind, tuple[str, str]] = {
    "slower5": ("control@plain", "control@burn5"),
    "slower10": ("control@plain", "control@burn10"),
}


def contenders(kind: Kind, contender: str) -> tuple[str, str]:
    """Who takes part in a trial, the reference first. `contender`, a specification, is compared with itself."""
    return _SLOWER.get(kind) or (f"a={contender}", f"b={contender}")


def due(had: Ledger, measuring: str, wanted: Mapping[Kind, tuple[str, str]], count: int) -> tuple[Kind, ...]:
    """The kinds of the trials that are lacking of `count` finished ones of each, in turn, those of other code aside."""
    done = {kind: len(_finished(had, measuring, kind, pair)) for kind, pair in wanted.items()}
    return tuple(kind for number in range(count) for kind in wanted if done[kind] <= number)


def asked(had: Ledger, measuring: str, kind: Kind, pair: tuple[str, str]) -> Asked:
    """What to measure in the next trial. Who is named first is random; `control` stands in none as a yardstick only.

    As many rounds as make 8 blocks fit into the time, by what such trials have cost so far (medians).
    """
    rounds = _rounds([one.costs for one in _finished(had, measuring, kind, pair) if one.costs])
    seed = secrets.randbelow(2**32)
    named = random.Random(f"trial {seed}").sample(pair, 2)  # noqa: S311  # an order of names is no secret
    return Asked(
        name=kind,
        contenders=named,
        reference=catalog.contender(catalog.read(), pair[0]).label,
        yardsticks=("null",),
        plan={"blocks": FEWEST, "rounds": rounds, "starts": 0, "seed": seed},
    )


def started(kind: Kind, head: RunHead, command: str) -> Started:
    """The line to write before a trial."""
    at = datetime.fromtimestamp(head.created_at, UTC)
    identity = {key: fact for key, fact in head.fingerprint.identity.items() if key != "versions"}
    return Started(
        id=f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        kind=kind,
        at=head.created_at,
        contenders=head.plan.contenders[:2],
        plan=head.plan,
        digests=head.digests,
        machine=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16],
        cpu_model=identity.get("cpu_model"),
        command=command,
    )


def play(
    begun: Started, head: RunHead, field: Field, folder: Path, path: Path, tell: Callable[[Outcome], object]
) -> Ended:
    """Measure a trial into a folder, between its two lines in the ledger at `path`; `tell` hears of each outcome.

    What fails is a line, too; so is what is interrupted, before it is raised on. Raises StoreError where the ledger
    cannot be written.
    """
    ledger.append(path, begun)
    before = time.monotonic()
    try:
        store.write_head(folder, head)
        for outcome in campaign.play(field, folder, store.read(folder)):
            tell(outcome)
        result_set = store.read(folder)
        found = _found(result_set, summarize(result_set))
    except RematchError as error:
        found = {"how": "failed", "message": error.message}
    except BaseException as error:
        ledger.append(path, _ended(begun, before, {"how": "aborted", "message": type(error).__name__}))
        raise
    ended = _ended(begun, before, found)
    ledger.append(path, ended)
    return ended


def _ended(begun: Started, before: float, found: Mapping[str, Any]) -> Ended:
    return Ended(id=begun.id, at=time.time(), seconds=time.monotonic() - before, **found)


def _found(result_set: ResultSet, summary: Summary) -> dict[str, Any]:
    """What a trial came to: the comparison as the report of a run would give it, or why it gives none."""
    pair = sorted(member.label for member in result_set.head.members[:2])
    reference = result_set.head.plan.reference
    (other,) = set(pair) - {reference}
    rows = {row.member.label: row for row in summary.rows}
    doubts = [one for one in summary.doubts if one.gives and one.contender in {*pair, None}]
    known = {
        "verdicts": {label: rows[label].verdict for label in pair},
        "doubts": tuple(dict.fromkeys(one.guard for one in doubts)),
        "costs": _costs(result_set),
    }
    compared = rows[other].comparison
    if compared is None:
        why = [f"{one.contender}, {one.guard}: {one.evidence}" for one in doubts if one.gives is Verdict.INVALID]
        return {**known, "how": "failed", "message": why[0] if why else "no block has a slice of both"}
    throughput = throughputs(result_set)
    return {
        **known,
        "how": "finished",
        "ratio": compared.ratio,
        "low99": compared.low99,
        "high99": compared.high99,
        "call": compared.call,
        "logs": tuple(log_ratios(throughput[other], throughput[reference]).values()),
    }


def _costs(result_set: ResultSet) -> Costs | None:
    try:
        return pilot.costs([result_set])
    except InputError:  # the clock was set, say: that spoils no ratio
        return None


def _finished(had: Ledger, measuring: str, kind: Kind, pair: Sequence[str]) -> list[Ended]:
    """The ends of finished trials of this code and comparison."""
    return [
        trial.ended
        for trial in had.trials
        if trial.ended and trial.how == "finished" and trial.measuring == measuring
        if trial.started.kind == kind and sorted(trial.started.contenders) == sorted(pair)
    ]


def _rounds(costs: Sequence[Costs]) -> int:
    if not costs:
        return _FIRST_ROUNDS
    restart_s, window_s = median(one.restart_s for one in costs), median(one.window_s for one in costs)
    return max(1, int((_PLANNED_S / FEWEST - restart_s) / window_s))
