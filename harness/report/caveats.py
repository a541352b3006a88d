"""Every doubt as a numbered sentence, and one sentence for every word that a report uses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from harness.model import About, ClaimRow, Claims, Comparison, Doubt, Pooled, Row, RunHead, Scenario, Summary, Verdict
from harness.report import format as written

QUICK = (
    "QUICK RUN: this shows that everything works. It shows nothing about any contender: do not quote a number of it."
)
CLOSED_LOOP = (
    "Latency is closed loop: with {connections} connections always busy its mean is {connections} / throughput. "
    "It is service time under saturation, not what a user sees."
)
OPEN_LOOP = (
    "Open loop: requests are due at a fixed rate, the same for all contenders, whether or not the server keeps up, and "
    "each is timed from the moment at which it was due. It is what users see who do not wait for each other."
)
ECHOES = (
    "A request is one echo here: from before a text is sent until all of it is back. A connection holds {echoes} of "
    "them, and to open the next one is part of its first."
)
YARDSTICKS = "null and control know nothing but JSON that is always the same: here they were asked json."
DUET = (
    "By duet: the contender and the reference are loaded at the same time on the same CPUs, and answers per CPU second "
    "compared: what a request costs. By slices: requests per second, each in its turn: what a user gets."
)
IDLE = (
    "Idle: a contender is launched once more for these alone, and memory is the proportional set size of its process "
    "tree while it holds them, less what it was before, over their number. What the kernel keeps for a socket is in no "
    "process's set, and so not in this number. What each costs is by how many there are: of contenders that held "
    "different numbers of them the memory does not compare."
)
_SAID = {"worker balance"}
_OF_A_BLOCK = {1: "all", 2: "half", 3: "a third", 4: "a quarter"}  # a fifth of five slices is the first to be trimmed


class Note(NamedTuple):
    """A numbered doubt: what one guard saw at these contenders (none named: at all of them), about which number."""

    number: int
    contenders: tuple[str, ...]
    guard: str
    evidence: str
    gives: Verdict
    about: About = "throughput"

    @property
    def what(self) -> str:
        """The guard, after the number that it judges where that is not the throughput."""
        return self.guard if self.about == "throughput" else f"{self.about}, {self.guard}"


def notes(summary: Summary) -> tuple[Note, ...]:
    """The doubts that took a verdict down and the failures: those about throughput before others, worst first.

    A guard has one line per contender, and contenders of which it says the same share it.
    """
    grouped: dict[tuple[About, Verdict, str, str], list[str]] = {}
    for (about, verdict, guard, contender), evidence in _by_contender(summary).items():
        grouped.setdefault((about, verdict, guard, _joined(evidence)), []).extend([contender] if contender else [])
    numbers, severity = get_args(About), list(Verdict)
    worst_first = sorted(grouped.items(), key=lambda item: (numbers.index(item[0][0]), severity.index(item[0][1])))
    return tuple(
        Note(number, tuple(contenders), guard, evidence, verdict, about)
        for number, ((about, verdict, guard, evidence), contenders) in enumerate(worst_first, 1)
    )


def marks(notes: Iterable[Note], contender: str, about: About = "throughput") -> tuple[int, ...]:
    """The numbers of the notes about this number that a contender's row refers to."""
    of_all = (note for note in notes if not note.contenders or contender in note.contenders)
    return tuple(note.number for note in of_all if note.about == about)


def remarks(head: RunHead, summary: Summary) -> tuple[str, ...]:
    """What holds for the whole table, one sentence or two each."""
    said = [CLOSED_LOOP.format(connections=head.plan.connections)] if any(row.latency for row in summary.rows) else []
    if summary.blocks_finished < summary.blocks_planned:
        said.append(f"Only {summary.blocks_finished} of {summary.blocks_planned} planned blocks were finished.")
    if any(row.requests_per_s and row.requests_per_s.low is None for row in summary.rows):
        said.append(
            f"Blocks finished: {summary.blocks_finished}, too few to claim an interval. "
            "Where none stands, none is known."
        )
    return (
        *said,
        *untrimmed(head),
        *_otherwise(summary.rows, head.scenario),
        *_unjudged(summary),
        *_not_checked(summary.doubts),
        *_asked(summary.rows, head.scenario),
        _about(head.scenario),
    )


def untrimmed(head: RunHead) -> tuple[str, ...]:
    """What the value of a block is where it has too few slices for a trimmed mean; nothing where it has enough."""
    rounds = head.plan.rounds
    if rounds not in _OF_A_BLOCK:
        return ()
    many = "round" if rounds == 1 else "rounds"
    return (f"With {rounds} {many} nothing is trimmed: one bad slice counts {_OF_A_BLOCK[rounds]} of its block.",)


def compared(row: Row) -> str | None:
    """What may be said of a row's ratio, the smallest difference that could have been found, and other occasions."""
    if row.comparison is None or row.member.is_yardstick:
        return None
    call = f"{row.comparison.call}{' (within the margin)' if row.comparison.within_margin else ''}"
    ratio = written.ratio(row.comparison.ratio)
    others = f"; {varied(row.pooled)}" if row.pooled else ""
    return f"{call} against the reference, {ratio}{_detectable(row.comparison)}{others}."


def varied(pooled: Pooled) -> str:
    """How much a ratio varied between occasions, beyond what the interval of each one tells."""
    how = (
        f"by ± {written.percent(math.expm1(pooled.between.value))}"
        if pooled.between.value
        else "no more than their intervals tell"
    )
    return f"between {pooled.n} occasions it varied {how}"


def claimed(claims: Claims) -> Iterator[str]:
    """What a published table says against itself: its latencies by Little's law, and its sentence on the speed-up."""
    implied = ", ".join(map(_implied, claims.rows))
    yield (
        f"By Little's law {claims.connections} busy connections have a mean latency of {implied}: "
        f"in brackets what {claims.source} says."
    )
    others = [row for row in claims.rows if row.claimed_ratio != 1]
    own = [f"{written.number(1 / row.claimed_ratio)} times that of {row.title}" for row in others]
    if claims.speedup and own:
        low, high = claims.speedup
        yield (
            f"Its first row is said to have {low:g} to {high:g} times the throughput of the others; "
            f"by the table itself it has {' and '.join(own)}."
        )


def glossary(text: str) -> tuple[tuple[str, str], ...]:
    """Word and sentence for those words that occur in a printed text, in the order of `GLOSSARY`."""
    return tuple((word, meaning) for word, meaning in GLOSSARY.items() if re.search(rf"(?<!\w){word}(?!\w)", text))


GLOSSARY = {
    "SERVER-BOUND": "the server was the limit, so the number says something about the server; only these are ranked.",
    "CLIENT-BOUND": "the load generator was the limit: the server can do more than this number.",
    "UNSETTLED": "the conditions were not steady or not as planned, so the number may be off.",
    "INVALID": "answers were wrong or missing, or the server was hampered: the number says nothing.",
    "FASTER": "the 99 % interval of the ratio lies above 1, corrected for the number of comparisons (Holm).",
    "SLOWER": "the 99 % interval of the ratio lies below 1, corrected for the number of comparisons (Holm).",
    "SAME": "the 95 % interval of the ratio lies within 3 % of 1.",
    "UNDECIDED": (
        "the data allow neither FASTER nor SLOWER nor SAME, or one of the two numbers is not SERVER-BOUND, so that "
        "nothing may be said of their ratio."
    ),
    "ratio": "requests per second over those of the reference, from slices that lie close together in time.",
    "interval": "95 times in 100 an interval made like this one holds the true value.",
    "occasions": (
        "runs of the same at other hours or after other boots; how much they varied is the standard deviation between "
        "them, beyond what the interval of each one tells."
    ),
    "block": "one fresh launch of all contenders; blocks are what an interval counts.",
    "closed loop": "each connection sends its next request as soon as the last one is answered.",
    "p50": "half of the requests were answered faster than this.",
    "p99": "99 of 100 requests were answered faster than this.",
    "duet": "two contenders under load at the same time on the same CPUs, compared by answers per CPU second.",
    "open loop": "requests are due at a fixed rate and timed from when they were due, however late they were sent.",
    "cold start": "from just before the process is spawned to the first correct answer; the median of all starts.",
    "listening": "from just before the process is spawned to the open port; some servers listen before they import.",
    "without page cache": "the kernel's copies of all files were dropped just before; what is mapped elsewhere stays.",
    "without bytecode": "every module but those in the interpreter itself is compiled anew.",
    "connections": "kept: they stay open for many requests; closed: the server closes each after one answer.",
    "baseline": "a server without a framework, measured like the contenders and never ranked.",
    "yardstick": "measured like the contenders, but not one of them, and never ranked.",
    "null": "a yardstick that does the least possible: no server can look faster to this generator.",
    "control": "a yardstick of constant, framework-like work: it shows how steady the machine was.",
}


_Key = tuple[About, Verdict, str, str | None]


def _by_contender(summary: Summary) -> Mapping[_Key, list[str]]:
    found: dict[_Key, list[str]] = {}
    for about, verdict, guard, contender, evidence in (*_doubted(summary.doubts), *_failed(summary.rows)):
        found.setdefault((about, verdict, guard, contender), []).append(evidence)
    return found


def _doubted(doubts: Iterable[Doubt]) -> Iterable[tuple[About, Verdict, str, str | None, str]]:
    return ((one.about, one.gives, one.guard, one.contender, one.evidence) for one in doubts if one.gives)


def _failed(rows: Iterable[Row]) -> Iterable[tuple[About, Verdict, str, str | None, str]]:
    return (
        (
            "throughput",
            Verdict.INVALID,
            f"failed at {failure.stage}",
            row.member.label,
            f"{failure.message} {failure.hint}".strip(),
        )
        for row in rows
        for failure in row.failures
    )


def _joined(evidence: Sequence[str]) -> str:
    """The first of several sentences, with how many others there are: one guard is one line."""
    different = list(dict.fromkeys(evidence))
    more = f" (and {len(different) - 1} more like it)" if len(different) > 1 else ""
    times = f" ({len(evidence)} times)" if len(different) == 1 < len(evidence) else ""
    return f"{different[0]}{more}{times}"


def _otherwise(rows: Iterable[Row], scenario: Scenario) -> Iterator[str]:
    """Answers that are right, but not what was asked for: without their share a throughput says little."""
    for row in rows:
        if row.alternatives:
            counts = (f"{written.count(count)} were {name}" for name, count in row.alternatives.items())
            yield f"{row.member.label}: of {written.count(row.answered)} answers in whole slices {', '.join(counts)}."
    refusals = sorted(name for row in rows for name in row.alternatives if name in scenario.refusals)
    if refusals:
        names = " or ".join(dict.fromkeys(refusals))
        yield f"An answer that was {names} served nobody: it is in the latency, but not in the throughput."


def _unjudged(summary: Summary) -> Iterator[str]:
    """What some guards say without judging, of contenders with several workers."""
    several = {row.member.label for row in summary.rows if row.member.workers > 1}
    for doubt in summary.doubts:
        if doubt.guard in _SAID and doubt.checked and doubt.contender in several:
            yield f"{doubt.contender}, {doubt.guard}: {doubt.evidence}"


def _not_checked(doubts: Iterable[Doubt]) -> Iterable[str]:
    guards = dict.fromkeys(doubt.guard for doubt in doubts if not doubt.checked and not doubt.gives)
    return [f"Not checked here: {', '.join(guards)}."] if guards else []


def _asked(rows: Iterable[Row], scenario: Scenario) -> Iterator[str]:
    """What a request is, where that is not plain, and who was asked another one."""
    if scenario.echoes:
        yield ECHOES.format(echoes=written.count(scenario.echoes))
    if not scenario.is_plain and any(row.member.is_yardstick for row in rows):
        yield YARDSTICKS


def _about(scenario: Scenario) -> str:
    isolates, leaves_out = (text.removesuffix(".") for text in (scenario.isolates, scenario.leaves_out))
    return f"Scenario {scenario.name} isolates: {isolates}. It leaves out: {leaves_out}."


def _implied(row: ClaimRow) -> str:
    per_s = written.rate(row.claimed_requests_per_s)
    return f"{written.duration(row.implied_latency_s)} at {per_s}/s ({written.duration(row.claimed_latency_s)})"


def _detectable(comparison: Comparison) -> str:
    if comparison.detectable is None:
        return ""
    return f"; the smallest difference it could have found is {written.percent(comparison.detectable - 1)}"
