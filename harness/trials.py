"""Plays trials of known answer, each a whole run of its own between two lines of the ledger.

Duets judge them, for slices seldom find 5 % in the time that a trial may take; a few slices stand beside.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from harness import campaign, catalog, costs, ledger, provenance, store
from harness.block import Field
from harness.costs import Spent
from harness.errors import InputError, RematchError
from harness.ledger import Ended, Judged, Kind, Ledger, Started
from harness.model import Comparison, Outcome, ResultSet, Row, RunHead, Summary, Verdict
from harness.prepare import Asked
from harness.stats import duets, slices
from harness.stats.estimates import FEWEST, Values
from harness.summary import summarize

LEDGER = catalog.ROOT / "results" / "ledger.jsonl"
LONGEST_S = 90.0
"""What a trial may take, from its first line in the ledger to its last: one that would take longer is aborted."""

_ENDING_S = 3.0  # what it takes to end a trial in the midst of a block
_PLANNED_S = 0.92 * LONGEST_S  # some take longer than those that they are planned by
_ROUNDS = 2  # of slices: enough for the guards that look at them
_FIRST_DUETS = 2  # what there is time for where launches and warm-ups take 5 s
_OF_AN_AGE = {"warm_spread_s": 0.0}  # the two are alike, so they also age alike, and time is short
_SLOWER: Mapping[Kind, tuple[str, str]] = {
    "slower5": ("control@plain", "control@burn5"),
    "slower10": ("control@plain", "control@burn10"),
}


def contenders(kind: Kind, contender: str) -> tuple[str, str]:
    """Who takes part in a trial, the reference first. `contender`, a specification, is compared with itself."""
    return _SLOWER.get(kind) or (f"a={contender}", f"b={contender}")


def digests(of_run: Mapping[str, str]) -> Mapping[str, str]:
    """Digests of all that a trial hangs on: those of a run, and of this module."""
    return {**of_run, **provenance.of_trials(catalog.ROOT)}


def due(had: Ledger, code: str, wanted: Mapping[Kind, tuple[str, str]], count: int) -> tuple[Kind, ...]:
    """The kinds of the trials that are lacking of `count` finished ones of each, in turn, those of other code aside."""
    ended = {kind: _ended_of(had, code, kind, pair) for kind, pair in wanted.items()}
    done = {kind: sum(one.how == "finished" for one in trials) for kind, trials in ended.items()}
    return tuple(kind for number in range(count) for kind in wanted if done[kind] <= number)


def asked(had: Ledger, code: str, kind: Kind, pair: tuple[str, str]) -> Asked:
    """What to measure in the next trial. Who is named first is random; `control` stands in none as a yardstick only.

    As many duets as make 8 blocks fit into the time, by what such trials have cost so far (medians).
    """
    in_a_block = _duets([one.spent for one in _ended_of(had, code, kind, pair) if one.spent])
    seed = secrets.randbelow(2**32)
    named = random.Random(f"trial {seed}").sample(pair, 2)  # noqa: S311  # an order of names is no secret
    return Asked(
        name=kind,
        contenders=named,
        reference=catalog.contender(catalog.read(), pair[0]).label,
        yardsticks=("null",),
        plan={"blocks": FEWEST, "rounds": _ROUNDS, "duets": in_a_block, "starts": 0, "seed": seed, **_OF_AN_AGE},
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
        digests=digests(head.digests),
        machine=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16],
        cpu_model=identity.get("cpu_model"),
        command=command,
    )


def play(
    begun: Started, head: RunHead, field: Field, folder: Path, path: Path, tell: Callable[[Outcome], object]
) -> Ended:
    """Measure a trial into a folder, between its two lines in the ledger at `path`; `tell` hears of each outcome.

    What fails is a line, too; so is what takes too long, and ends the servers of `field`; and what is interrupted,
    before it is raised on. Raises StoreError where the ledger cannot be written.
    """
    ledger.append(path, begun)
    before = time.monotonic()
    try:
        with _no_longer_than(LONGEST_S - _ENDING_S):
            found = _played(head, field, folder, tell)
    except RematchError as error:
        found = {"how": "failed", "message": error.message}
    except _TooLong:
        spent = _spent(store.read(folder))  # so that the next one has fewer duets
        found = {"how": "aborted", "message": f"it would have taken longer than {LONGEST_S:.0f} s", "spent": spent}
    except BaseException as error:
        ledger.append(path, _ended(begun, before, {"how": "aborted", "message": type(error).__name__}))
        raise
    ended = _ended(begun, before, found)
    ledger.append(path, ended)
    return ended


class _TooLong(BaseException):
    """Like an interruption by the user: nothing on the way may take it for a failure of its own."""


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """Raise _TooLong in the midst of whatever goes on then."""

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _played(head: RunHead, field: Field, folder: Path, tell: Callable[[Outcome], object]) -> dict[str, Any]:
    store.write_head(folder, head)
    for outcome in campaign.play(field, folder, store.read(folder)):
        tell(outcome)
    result_set = store.read(folder)
    return _found(result_set, summarize(result_set))


def _ended(begun: Started, before: float, found: Mapping[str, Any]) -> Ended:
    return Ended(id=begun.id, at=time.time(), seconds=time.monotonic() - before, **found)


def _found(result_set: ResultSet, summary: Summary) -> dict[str, Any]:
    """What a trial came to: the comparisons as the report of a run would give them, or why it gives none."""
    pair = sorted(member.label for member in result_set.head.members[:2])
    (other,) = set(pair) - {result_set.head.plan.reference}
    rows = {row.member.label: row for row in summary.rows}
    doubts = [one for one in summary.doubts if one.gives and one.contender in {*pair, None}]
    known = {
        "verdicts": {label: rows[label].verdict for label in pair},
        "doubts": tuple(dict.fromkeys(one.guard for one in doubts)),
        "spent": _spent(result_set),
        "slices": _by_slices(result_set, [rows[label] for label in pair], rows[other].comparison),
    }
    by_duet = _by_duet(result_set, rows[other])
    if by_duet is None:
        why = [f"{one.contender}, {one.guard}: {one.evidence}" for one in doubts if one.gives is Verdict.INVALID]
        return {**known, "how": "failed", "message": why[0] if why else "no block has a duet"}
    return {**known, "how": "finished", "duet": by_duet}


def _by_duet(result_set: ResultSet, row: Row) -> Judged | None:
    if row.duet is None:
        return None
    logs = duets.log_ratios([duet for duet in result_set.duets if duet.contender == row.member.label])
    return _judged(row.duet.comparison, tuple(logs.values()), settled=row.duet.kept)


def _by_slices(result_set: ResultSet, rows: Sequence[Row], comparison: Comparison | None) -> Judged | None:
    """None where one of the two numbers is INVALID: it is not compared."""
    if comparison is None:
        return None
    found, reference = slices.throughputs(result_set), comparison.reference
    (other,) = {row.member.label for row in rows} - {reference}
    settled = all(row.verdict is Verdict.SERVER_BOUND for row in rows)
    return _judged(comparison, tuple(slices.log_ratios(found[other], found[reference]).values()), settled=settled)


def _judged(comparison: Comparison, logs: Values, *, settled: bool) -> Judged:
    return Judged(
        ratio=comparison.ratio,
        low99=comparison.low99,
        high99=comparison.high99,
        call=comparison.call,
        logs=tuple(logs),
        settled=settled,
    )


def _spent(result_set: ResultSet) -> Spent | None:
    try:
        return costs.of([result_set])
    except InputError:  # the clock was set, say: that spoils no ratio
        return None


def _ended_of(had: Ledger, code: str, kind: Kind, pair: Sequence[str]) -> list[Ended]:
    """The ends of trials of this code and comparison."""
    return [
        trial.ended
        for trial in had.trials
        if trial.ended and trial.code == code
        if trial.started.kind == kind and sorted(trial.started.contenders) == sorted(pair)
    ]


def _duets(spent: Sequence[Spent]) -> int:
    known = [(one.restart_s + _ROUNDS * one.slices_s, one.duets_s) for one in spent if one.duets_s]
    if not known:
        return _FIRST_DUETS
    rest_s, duet_s = (median(seconds) for seconds in zip(*known, strict=True))
    return max(1, int((_PLANNED_S / FEWEST - rest_s) / duet_s))
