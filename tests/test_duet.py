"""A duet is two readings at rest with the load of both in between; what it says, and when it says nothing."""

import math

import pytest

from harness import block, duet
from harness.errors import LaunchError
from harness.model import BlockPlan, DuetOutcome, ErrorCause, Process, Turn, Usage
from harness.stats import duets
from tests.builders import duet_part, recording
from tests.fakes import RIGHT, RecordingEngine, RecordingHost, field_of, http_server

TURN = Turn(contender="a", beside="b", round=1)


class Used:
    """A server whose usage is told beforehand."""

    launched = None

    def __init__(self, *usages):
        self._usages = iter(usages)

    def usage(self):
        found = next(self._usages)
        if isinstance(found, Exception):
            raise found
        return found


def usage(cpu_s, *pids):
    processes = tuple(Process(pid=pid, started_at=1.0, name="x", cpu_s=0.0, threads=1) for pid in pids)
    return Usage(cpu_s=cpu_s, memory_bytes=None, processes=processes)


def played(*servers, **changes):
    heard = (recording(label, 1, 1000.0, answered=500, **changes) for label in ("a", "b"))
    return duet.play(0, 1, TURN, servers, heard)


def outcome(ours=1000.0, theirs=1000.0, block=0, **changes):
    parts = {"a": duet_part(ours, **changes), "b": duet_part(theirs)}
    return DuetOutcome(block=block, attempt=1, contender="a", beside="b", round=1, parts=parts)


def test_a_duet_tells_the_answers_and_the_cpu_time_between_two_readings() -> None:
    found = played(Used(usage(1.0, 7), usage(1.8, 7)), Used(usage(5.0, 8), usage(5.7, 8)))
    assert [(label, part.answered, part.is_whole) for label, part in found.parts.items()] == [
        ("a", 500, True),
        ("b", 500, True),
    ]
    assert [part.cpu_s for part in found.parts.values()] == pytest.approx([0.8, 0.7])
    assert found.failure is None


def test_a_duet_in_which_a_process_came_or_went_or_an_answer_was_wrong_is_not_whole() -> None:
    steady = usage(1.0, 7), usage(1.8, 7)
    found = played(Used(usage(1.0, 7), usage(1.8, 9)), Used(*steady))
    assert [part.is_whole for part in found.parts.values()] == [False, True]
    found = played(Used(*steady), Used(*steady), errors={ErrorCause.BODY: 1})
    assert [part.is_whole for part in found.parts.values()] == [False, False]
    assert not duets.is_clean(found)


@pytest.mark.parametrize("first", [LaunchError("gone", "look"), usage(1.0, 7)])
def test_a_server_that_is_gone_makes_the_duet_a_failure(first: Usage | Exception) -> None:
    found = played(Used(first, LaunchError("gone", "look")), Used(usage(1.0), usage(2.0)))
    assert (found.failure.stage, found.failure.message, found.parts) == ("duet", "gone", {})
    assert not duets.is_clean(found)


def test_a_block_plays_its_duets_after_its_slices_between_two_readings_of_both() -> None:
    slices = tuple(Turn(contender=label, round=number) for number in (0, 1) for label in ("a", "b"))
    events: list[str] = []
    with http_server(RIGHT) as port:
        field = field_of(RecordingHost({"a": port, "b": port}, events), RecordingEngine(events))
        *_, found, end = block.play(field, BlockPlan(index=0, launches=("a", "b"), turns=(*slices, TURN)), attempt=1)
    assert events[-9:] == [
        *("usage a", "usage b", "duet 1 a b", "usage a", "usage b"),
        *("reading", "engine ends", "stop b", "stop a"),
    ]
    assert isinstance(found, DuetOutcome)
    assert (found.contender, found.beside, set(found.parts)) == ("a", "b", {"a", "b"})
    assert end.kind == "block"


def test_a_contender_that_does_not_start_takes_the_duets_that_it_is_in_with_it() -> None:
    with http_server(RIGHT) as port:
        host = RecordingHost({"a": port, "b": port}, unstartable=frozenset({"b"}))
        plan = BlockPlan(index=0, launches=("a", "b"), turns=(Turn(contender="a", round=0), TURN))
        kinds = [one.kind for one in block.play(field_of(host, RecordingEngine(host.events)), plan, attempt=1)]
    assert kinds == ["turn", "block"]


def test_a_ratio_is_of_answers_per_cpu_second() -> None:
    assert duets.log_ratio(outcome(2000.0, 1000.0)) == pytest.approx(math.log(2))
    assert duets.log_ratio(outcome(1000.0, 1000.0, cpu_s=0.375)) == pytest.approx(math.log(2))


def test_a_block_is_the_mean_of_its_clean_duets() -> None:
    found = duets.log_ratios([outcome(2000.0), outcome(8000.0), outcome(1.0, is_whole=False), outcome(4000.0, block=3)])
    assert found == pytest.approx({0: math.log(4), 3: math.log(4)})


def test_time_alone_during_the_drain_does_not_count_for_the_share() -> None:
    assert duets.cpu_share(outcome(cpu_s=0.85, loaded_s=1.61)) == pytest.approx(0.5)
    assert duets.cpu_share(outcome(cpu_s=0.25)) == pytest.approx(0.25)


def test_cpus_are_busy_as_far_as_the_two_used_them() -> None:
    assert duets.busy(outcome(), 1) == pytest.approx(1.5 / 1.51)
    assert duets.busy(outcome(), 2) == pytest.approx(0.75 / 1.51)
