"""The replay engine gives stored recordings back, in order, and no others. The table names every engine."""

from pathlib import Path

import pytest

from harness.engines import ENGINES
from harness.engines.base import turn_duration_s
from harness.engines.replay import ReplayEngine
from harness.errors import EngineError
from harness.model import (
    BlockOutcome,
    BlockPlan,
    DuetOutcome,
    DuetPart,
    Failure,
    Fingerprint,
    Histogram,
    MachineReading,
    Outcome,
    Placement,
    Plan,
    Recording,
    ResultSet,
    RunHead,
    Scenario,
    Turn,
    TurnOutcome,
)

_PLAN = Plan(scenario="hello", lineup="test", contenders=("a", "b"), reference="a")
_SCENARIO = Scenario(
    name="hello",
    about="",
    isolates="",
    leaves_out="",
    requests=({"name": "hello", "path": "/", "expect": {"json_body": {}}},),
)
_PLACEMENT = Placement(server_cpus=(), generator_cpus=(), owns_core=False)
_READING = MachineReading(monotonic_s=0, busy_s=None, steal_s=None, own_s=None)


def _recording(contender: str, turn_round: int, answered: int) -> Recording:
    return Recording(
        contender=contender,
        round=turn_round,
        started_at=0,
        duration_s=1,
        answered=answered,
        counted=0,
        counted_s=0,
        latency=Histogram(),
        longest_s=None,
        busy=None,
        connections=1,
        reconnects=0,
        asked_again=0,
        generator_cpu_s=0,
        generator_empty_s=0,
        drain_s=0,
    )


def _results() -> ResultSet:
    outcomes: list[Outcome] = []
    for block in range(2):
        for contender, turn_round in [("a", 0), ("b", 0), ("b", 1), ("a", 1)]:
            recording = _recording(contender, turn_round, answered=block)
            outcomes.append(
                TurnOutcome(block=block, attempt=0, contender=contender, round=turn_round, recording=recording)
            )
        parts = {label: DuetPart(answered=block, cpu_s=1, loaded_s=2, is_whole=True) for label in ("b", "a")}
        outcomes.append(DuetOutcome(block=block, attempt=0, contender="b", beside="a", round=1, parts=parts))
        failed = Failure(stage="slice", message="lost")
        outcomes.append(TurnOutcome(block=block, attempt=0, contender="a", round=2, failure=failed))
        outcomes.append(
            BlockOutcome(
                block=block,
                attempt=0,
                started_at=0,
                ended_at=1,
                machine_before=_READING,
                machine_after=_READING,
                servers={},
            )
        )
    head = RunHead(
        name="run",
        created_at=0,
        plan=_PLAN,
        scenario=_SCENARIO,
        placement=_PLACEMENT,
        members=(),
        schedule=tuple(BlockPlan(index=index, launches=(), turns=()) for index in range(2)),
        fingerprint=Fingerprint(identity={}, moment={}),
        digests={},
    )
    return ResultSet(head=head, outcomes=tuple(outcomes))


def _replayed(engine: ReplayEngine, *turns: tuple[str, int]) -> list[Recording]:
    wanted = [Turn(contender=contender, round=turn_round) for contender, turn_round in turns]
    return list(engine.drive({}, _PLAN, wanted, _PLACEMENT, Path("unused.log")))


def test_turns_get_the_recordings_of_their_contender_and_round_block_after_block() -> None:
    engine = ReplayEngine(_results())
    for block in range(2):
        found = _replayed(engine, ("a", 0), ("a", 1), ("b", 1))
        assert found == [_recording("a", 0, block), _recording("a", 1, block), _recording("b", 1, block)]


def test_a_duet_gets_the_answers_of_both_and_not_those_of_a_slice() -> None:
    engine = ReplayEngine(_results())
    duet = Turn(contender="b", beside="a", round=1)
    for block in range(2):
        found = list(engine.drive({}, _PLAN, [duet], _PLACEMENT, Path("unused.log")))
        assert [(one.contender, one.answered, one.duration_s) for one in found] == [("b", block, 2), ("a", block, 2)]


def test_a_turn_of_which_nothing_is_left_is_an_error() -> None:
    engine = ReplayEngine(_results())
    for contender, turn_round in [("a", 2), ("c", 0)]:
        with pytest.raises(EngineError, match="is left"):
            _replayed(engine, (contender, turn_round))
    _replayed(engine, ("a", 0), ("a", 0))
    with pytest.raises(EngineError, match="is left"):
        _replayed(engine, ("a", 0))


def test_every_engine_in_the_table_can_be_made_and_drives() -> None:
    assert list(ENGINES) == ["connection", "fasthttp"]
    for make in ENGINES.values():
        assert callable(make().drive)


def test_a_turn_holds_the_counted_turnovers_and_the_two_before_within_its_bounds() -> None:
    assert turn_duration_s(_PLAN, 1000, 0.1) == pytest.approx(6 * 100 / 1000)
    assert turn_duration_s(_PLAN, 1e6, 0.001) == _PLAN.slice_min_s
    assert turn_duration_s(_PLAN, 1, 1.0) == _PLAN.slice_max_s
    assert turn_duration_s(_PLAN, 0, 0.0) == _PLAN.slice_max_s


def test_a_turn_holds_three_of_the_longest_requests() -> None:
    assert turn_duration_s(_PLAN, 1e6, 0.2) == pytest.approx(0.6)
