"""What a guard is given to look at, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from harness.model import (
    DuetOutcome,
    Failure,
    Launched,
    Member,
    Process,
    Recording,
    ResultSet,
    Scenario,
    ServerOutcome,
    ServicesOutcome,
    TurnOutcome,
    Usage,
    Verdict,
)
from harness.stats.slices import Throughputs, is_clean, is_silent, throughputs


class Finding(NamedTuple):
    """One sentence with its numbers, and the verdict that it gives, if any."""

    evidence: str
    gives: Verdict | None = None
    checked: bool = True


@dataclass(frozen=True)
class Evidence:
    """All that was seen of one contender in finished blocks, and what the two yardsticks did in the same blocks.

    `failures` are those of its cold starts too. `duets` and `windows` (of open loop) are the contender's own, clean or
    not; `reference` is the throughput of the run's reference, `server_cpus` how many CPUs the servers share.
    `all_turns` are those of finished blocks of every kind; `services`, by block, of those in which it did not fail.
    """

    member: Member
    planned_connections: int
    spins: bool
    turns: tuple[TurnOutcome, ...]
    servers: tuple[ServerOutcome, ...]
    failures: tuple[Failure, ...]
    throughputs: Throughputs
    null: Throughputs
    control: Throughputs
    reference: Throughputs
    duets: tuple[DuetOutcome, ...]
    windows: tuple[TurnOutcome, ...]
    server_cpus: int
    scenario: Scenario
    seed: int
    all_turns: tuple[TurnOutcome, ...]
    services: Mapping[int, ServicesOutcome]

    @property
    def slices(self) -> tuple[Recording, ...]:
        """The measured turns that have a throughput."""
        return tuple(turn.recording for turn in self.turns if turn.round and turn.recording and is_clean(turn))

    @property
    def silent(self) -> int:
        """How many turns to be measured said nothing, and nothing bad."""
        return sum(is_silent(turn) for turn in self.turns if turn.round)

    @property
    def launches(self) -> tuple[Launched, ...]:
        """Every start of it in a block."""
        return tuple(one.launched for one in self.servers if one.launched)

    @property
    def usages(self) -> tuple[tuple[Usage, Usage], ...]:
        """Use after the warm-up and after the last slice, of each block in which both were read."""
        return tuple((one.warmed, one.ended) for one in self.servers if one.warmed and one.ended)


def gather(result_set: ResultSet) -> Iterator[Evidence]:
    """The evidence of each contender, in the run's order."""
    found = throughputs(result_set)
    for member in result_set.head.members:
        yield Evidence(
            member=member,
            planned_connections=result_set.head.plan.connections,
            spins=result_set.head.plan.wait == "spin",
            turns=tuple(turn for turn in result_set.turns if turn.contender == member.label),
            servers=_servers(result_set, member.label),
            failures=failures(result_set, member.label),
            throughputs=found[member.label],
            null=_of_role(result_set, found, "null"),
            control=_of_role(result_set, found, "control"),
            reference=found[result_set.head.plan.reference],
            duets=tuple(duet for duet in result_set.duets if duet.contender == member.label),
            windows=_windows(result_set, member.label),
            server_cpus=len(result_set.head.placement.server_cpus),
            scenario=result_set.head.scenario,
            seed=result_set.head.plan.seed,
            all_turns=_all_turns(result_set, member.label),
            services=_services(result_set, member.label),
        )


def failures(result_set: ResultSet, label: str) -> tuple[Failure, ...]:
    """Every failure of a contender: of its starts, then of its turns but the silent ones, then of its servers."""
    found = [start.failure for start in result_set.starts if start.contender == label]
    found += [one.failure for one in result_set.imports if one.contender == label]
    found += [turn.failure for turn in result_set.turns if turn.contender == label and not is_silent(turn)]
    found += [server.failure for server in _servers(result_set, label)]
    return tuple(failure for failure in found if failure)


def percent(share: float, digits: int = 0) -> str:
    """A share as people write it: 0.153 is "15 %"."""
    return f"{100 * share:.{digits}f} %"


def identities(usage: Usage) -> frozenset[tuple[int, float]]:
    """The processes of a tree, named for good."""
    return frozenset(map(_identity, usage.processes))


def cpu_by_process(warmed: Usage, ended: Usage) -> list[float]:
    """CPU seconds that each process of the later tree used since the earlier reading, the busiest first."""
    before = {_identity(process): process.cpu_s for process in warmed.processes}
    return sorted((one.cpu_s - before.get(_identity(one), 0.0) for one in ended.processes), reverse=True)


def _identity(process: Process) -> tuple[int, float]:
    return process.pid, process.started_at


def _servers(result_set: ResultSet, label: str) -> tuple[ServerOutcome, ...]:
    return tuple(block.servers[label] for block in result_set.blocks if label in block.servers)


def _windows(result_set: ResultSet, label: str) -> tuple[TurnOutcome, ...]:
    return tuple(turn for turn in result_set.turns_of("open loop") if turn.contender == label and turn.round)


def _all_turns(result_set: ResultSet, label: str) -> tuple[TurnOutcome, ...]:
    turns = (outcome for outcome in result_set.counted if isinstance(outcome, TurnOutcome))
    return tuple(turn for turn in turns if turn.contender == label)


def _services(result_set: ResultSet, label: str) -> dict[int, ServicesOutcome]:
    """Of the blocks in which it was measured with them."""
    return {
        one.block: one.services
        for one in result_set.finished
        if one.services and label in one.services.allowed_connections and one.servers[label].failure is None
    }


def _of_role(result_set: ResultSet, found: Mapping[str, Throughputs], role: str) -> Throughputs:
    """The throughputs of the first member with this role; empty where there is none."""
    labels = [member.label for member in result_set.head.members if member.role == role]
    return found[labels[0]] if labels else {}
