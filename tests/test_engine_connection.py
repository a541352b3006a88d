"""The connection engine against servers of every kind, all in one generator process, as in a block."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.engines.connection import ConnectionEngine
from harness.model import ErrorCause, Recording, Turn
from tests.engine_servers import (
    BEHAVIOURS,
    CONNECTIONS,
    PLACEMENT,
    TIMEOUT_S,
    TURN_S,
    answers_ahead,
    plan,
    served,
    targets,
    unused_port,
)

pytestmark = pytest.mark.alone

_RIGHT = ["good", "slow", "head and body apart", "many pieces", "chunked", "chunked in pieces", "interim"]
_RIGHT += ["never twice the same", "still good"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """One turn of each server, all in one generator process, as in a block."""
    log = tmp_path_factory.mktemp("run") / "logs" / "engine.log"
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(served(behave)) for name, behave in BEHAVIOURS.items()}
        addresses["refused"] = ("127.0.0.1", unused_port())
        names = [*list(addresses)[:-2], "refused", "still good"]
        turns = [Turn(contender=name, round=0) for name in names]
        found = list(ConnectionEngine().drive(targets(addresses), plan(), turns, PLACEMENT, log))
    assert [recording.contender for recording in found] == names
    return {recording.contender: recording for recording in found}


@pytest.mark.parametrize("name", _RIGHT)
def test_right_answers_count_however_they_are_framed(recordings: dict[str, Recording], name: str) -> None:
    recording = recordings[name]
    assert recording.errors == {}
    assert recording.first_error is None
    assert recording.counted > 0
    assert recording.counted + CONNECTIONS <= recording.answered
    assert 0 < sum(recording.latency.counts) <= recording.answered
    assert recording.counted_s < recording.duration_s
    assert recording.reconnects == 0
    assert recording.connections == CONNECTIONS


@pytest.mark.parametrize("name", [*_RIGHT, "says it closes", "closes silently", "ends by closing"])
def test_connections_are_busy_all_the_time(recordings: dict[str, Recording], name: str) -> None:
    assert recordings[name].busy == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("name", ["says it closes", "closes silently", "ends by closing"])
def test_a_server_that_closes_after_each_answer_is_connected_to_again(
    recordings: dict[str, Recording], name: str
) -> None:
    recording = recordings[name]
    assert recording.errors == {}
    assert recording.counted > 0
    assert recording.answered - CONNECTIONS <= recording.reconnects <= recording.answered


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("hangs", ErrorCause.TIMEOUT),
        ("trickles", ErrorCause.TIMEOUT),
        ("garbage", ErrorCause.FRAMING),
        ("gigabytes", ErrorCause.BODY),
        ("cut off", ErrorCause.RESET),
        ("says nothing", ErrorCause.RESET),
        ("wrong body", ErrorCause.BODY),
        ("failing", ErrorCause.STATUS),
        ("refused", ErrorCause.CONNECT),
    ],
)
def test_a_server_that_never_answers_rightly_gets_errors_of_one_cause_and_no_throughput(
    recordings: dict[str, Recording], name: str, cause: ErrorCause
) -> None:
    recording = recordings[name]
    assert set(recording.errors) == {cause}
    assert recording.errors[cause] >= CONNECTIONS
    assert (recording.answered, recording.counted, recording.counted_s) == (0, 0, 0.0)
    assert recording.first_error is not None
    assert recording.first_error.startswith(cause.value)
    assert recording.first_error.isprintable()


def test_right_answers_that_came_before_their_questions_are_found_out_in_the_next_turn(tmp_path: Path) -> None:
    turns = [Turn(contender=label, round=number) for number in range(3) for label in ("ahead", "good")]
    with served(answers_ahead) as ahead, served(BEHAVIOURS["good"]) as good:
        addresses = targets({"ahead": ahead, "good": good})
        found = list(ConnectionEngine().drive(addresses, plan(), turns, PLACEMENT, tmp_path / "engine.log"))
    for recording in found[2::2]:
        assert recording.answered > 0
        assert set(recording.errors) == {ErrorCause.FRAMING}
        assert recording.errors[ErrorCause.FRAMING] >= CONNECTIONS
        assert recording.first_error == "framing: more came than was asked for, from b'HTTP/1.1 200 OK\\r' on"
    assert not any(recording.errors for recording in found[1::2])


def test_a_server_that_dies_in_its_turn_keeps_what_it_answered(recordings: dict[str, Recording]) -> None:
    recording = recordings["dies"]
    assert 90 <= recording.answered <= 100
    assert recording.errors[ErrorCause.RESET] > 0


def test_every_turn_ends_in_bounded_time(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        assert recording.duration_s == pytest.approx(TURN_S, abs=0.2)
        assert recording.drain_s < TIMEOUT_S + 0.3


def test_errors_do_not_make_a_storm(recordings: dict[str, Recording]) -> None:
    for name in ("garbage", "failing", "refused", "says nothing"):
        assert sum(recordings[name].errors.values()) <= CONNECTIONS * (1 + TURN_S / 0.01)
