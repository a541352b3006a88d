"""What happens in a block, and in which order, whatever fails."""

import dataclasses

import pytest

from harness import block
from harness.errors import EngineError, HostError
from harness.model import BlockPlan, Turn
from tests.builders import recording
from tests.fakes import RIGHT, SCENARIO, WRONG, RecordingEngine, RecordingHost, field_of, http_server

PLAN = BlockPlan(
    index=0,
    launches=("b", "a"),
    turns=tuple(Turn(contender=label, round=number) for number in (0, 1, 2) for label in ("a", "b")),
)


@pytest.fixture
def events():
    return []


@pytest.fixture
def port():
    with http_server(RIGHT) as port:
        yield port


def test_a_block_launches_verifies_warms_reads_measures_reads_and_stops(events, port):
    field = field_of(RecordingHost({"a": port, "b": port}, events), RecordingEngine(events))
    *turns, end = block.play(field, PLAN, attempt=1)
    assert events == [
        *("launch b", "launch a"),
        *("turn 0 a", "turn 0 b"),
        *("reading", "usage b", "usage a"),
        *("turn 1 a", "turn 1 b", "turn 2 a", "turn 2 b"),
        *("usage b", "usage a", "reading"),
        "engine ends",
        *("stop a", "stop b"),
    ]
    assert [(turn.round, turn.contender, turn.failure) for turn in turns[:2]] == [(0, "a", None), (0, "b", None)]
    assert all(server.ended and server.warmed and not server.failure for server in end.servers.values())


def test_a_contender_that_does_not_start_is_a_failure_and_the_rest_goes_on(events, port):
    host = RecordingHost({"a": port, "b": port}, events, unstartable=frozenset({"a"}))
    *turns, end = block.play(field_of(host, RecordingEngine(events)), PLAN, attempt=1)
    assert {turn.contender for turn in turns} == {"b"}
    assert end.servers["a"].failure.stage == "launch"
    assert end.servers["b"].failure is None


@pytest.mark.parametrize(("dies", "stage"), [(1, "warm"), (4, "slice"), (6, "duet")])
def test_a_generator_that_dies_fails_its_turn_and_the_block_does_not_count(events, port, dies, stage):
    turns = (*PLAN.turns, Turn(contender="a", round=1, beside="b"))
    engine = RecordingEngine(events, dies=dies)
    outcomes = block.play(
        field_of(RecordingHost({"a": port, "b": port}, events), engine), PLAN.model_copy(update={"turns": turns}), 1
    )
    seen = [next(outcomes) for _ in range(dies + 1)]
    with pytest.raises(EngineError, match="exit code -9"):
        next(outcomes)
    assert [one.failure is None for one in seen] == [True] * dies + [False]
    assert seen[-1].failure.stage == stage
    assert seen[-1].failure.hint == "Its log is x.log."
    assert events[-3:] == ["engine ends", "stop a", "stop b"]


def test_a_contender_that_breaks_the_contract_is_not_measured(events, port):
    with http_server(WRONG) as wrong_port:
        host = RecordingHost({"a": port, "b": wrong_port}, events)
        *turns, end = block.play(field_of(host, RecordingEngine(events)), PLAN, attempt=1)
    assert {turn.contender for turn in turns} == {"a"}
    assert end.servers["b"].failure.stage == "verify"
    assert "missing: GET /missing" in end.servers["b"].failure.message


def test_when_nobody_starts_the_engine_is_not_started_either(events, port):
    host = RecordingHost({"a": port, "b": port}, events, unstartable=frozenset({"a", "b"}))
    (end,) = block.play(field_of(host, RecordingEngine(events)), PLAN, attempt=1)
    assert "engine ends" not in events
    assert {server.failure.stage for server in end.servers.values()} == {"launch"}


def test_a_turn_without_answers_is_a_line_with_a_stage_and_a_message(events, port):
    engine = RecordingEngine(events, failing=frozenset({"b"}))
    *turns, _ = block.play(field_of(RecordingHost({"a": port, "b": port}, events), engine), PLAN, attempt=1)
    failed = [turn for turn in turns if turn.contender == "b"]
    assert [turn.failure.stage for turn in failed] == ["warm", "slice", "slice"]
    assert "connection refused" in failed[0].failure.message
    assert all(turn.failure is None for turn in turns if turn.contender == "a")


def test_each_contender_is_verified_and_driven_by_the_scenario_that_it_is_asked(events, port):
    plainer = SCENARIO.model_copy(update={"name": "plainer", "requests": SCENARIO.requests[:1]})
    engine = RecordingEngine(events)
    with http_server(WRONG) as wrong_port:
        host = RecordingHost({"a": port, "b": wrong_port}, events)
        field = dataclasses.replace(field_of(host, engine), scenarios={"a": SCENARIO, "b": plainer})
        *_, end = block.play(field, PLAN, attempt=1)
    assert engine.asked == {"a": SCENARIO, "b": plainer}
    assert end.servers["b"].failure is None, "what it answers wrongly is not in its scenario"


def test_a_turn_that_ran_out_of_rows_is_a_failure_that_says_what_helps(events, port):
    class Engine(RecordingEngine):
        def _recorded(self, label, turn, plan):
            return recording(label, turn.round, 1000.0, plan.connections, ran_out="signup" if turn.round == 2 else None)

    field = field_of(RecordingHost({"a": port, "b": port}, events), Engine(events))
    *turns, _ = block.play(field, PLAN, attempt=1)
    assert [turn.failure is None for turn in turns] == [True] * 4 + [False] * 2
    assert turns[-1].failure.stage == "slice"
    assert "ran out of rows for `signup`" in turns[-1].failure.message
    assert "Raise `count`" in turns[-1].failure.hint


def test_a_server_that_vanished_is_a_failure_of_its_usage(events, port):
    host = RecordingHost({"a": port, "b": port}, events, vanishing=frozenset({"a"}))
    *_, end = block.play(field_of(host, RecordingEngine(events)), PLAN, attempt=1)
    assert end.servers["a"].failure.stage == "usage"


@pytest.mark.parametrize("turns_before", [0, 1, 4])
def test_an_interruption_at_any_turn_stops_every_server(events, port, turns_before):
    engine = RecordingEngine(events, interrupts=turns_before)
    field = field_of(RecordingHost({"a": port, "b": port}, events), engine)
    with pytest.raises(KeyboardInterrupt):
        list(block.play(field, PLAN, attempt=1))
    assert events[-3:] == ["engine ends", "stop a", "stop b"]


def test_abandoning_a_block_ends_its_engine(events, port):
    played = block.play(field_of(RecordingHost({"a": port, "b": port}, events), RecordingEngine(events)), PLAN, 1)
    next(played)
    played.close()
    assert events[-3:] == ["engine ends", "stop a", "stop b"]


KEPT = {
    "/open": (200, b'{"a": {"DATABASE_URL": "postgresql://a"}, "b": {"DATABASE_URL": "postgresql://b"}}'),
    "/facts": (200, b'{"postgres": {"version": "18"}}'),
    "/counts": (200, b'{"connections": {"a": 20, "b": 3}, "mails": {"a": 7, "b": 0}}'),
}


def test_services_are_launched_first_read_around_each_turn_and_asked_when_the_contenders_have_ended(events, port):
    with http_server(KEPT) as kept:
        field = field_of(RecordingHost({"a": port, "b": port, "services": kept}, events), RecordingEngine(events))
        *turns, end = block.play(field, PLAN, attempt=1)
    assert events[:3] == [
        "launch services",
        "launch b DATABASE_URL SECRET_KEY",
        "launch a DATABASE_URL SECRET_KEY",
    ]
    assert events[3:6] == ["cpu services", "turn 0 a", "cpu services"]
    assert events[-3:] == ["stop a", "stop b", "stop services"]
    assert [turn.services_cpu_s for turn in turns] == [1.0] * 6
    assert end.services.facts == {"postgres": {"version": "18"}}
    assert (end.services.connections, end.services.allowed_connections) == ({"a": 20, "b": 3}, {"a": 30, "b": 30})
    assert (end.services.mails, end.services.hits) == ({"a": 7, "b": 0}, None)


def test_services_that_refuse_end_the_run_in_their_own_words_and_no_contender_is_launched(events, port):
    refusing = {"/open": (409, b'{"message": "Number 0 is not empty.", "hint": "Name a free one."}')}
    with http_server(refusing) as kept:
        field = field_of(RecordingHost({"a": port, "services": kept}, events), RecordingEngine(events))
        with pytest.raises(HostError, match="Number 0 is not empty") as caught:
            list(block.play(field, PLAN, attempt=1))
    assert caught.value.hint == "Name a free one."
    assert events == ["launch services", "stop services"]


def test_without_services_a_turn_has_no_cpu_time_of_them(events, port):
    field = field_of(RecordingHost({"a": port, "b": port}, events), RecordingEngine(events))
    *turns, end = block.play(field, PLAN, attempt=1)
    assert {turn.services_cpu_s for turn in turns} == {None}
    assert end.services is None
