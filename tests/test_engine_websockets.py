"""The connection engine over WebSockets, against servers of every kind, all in one generator process, as in a block."""

import itertools
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.sync.server import ServerConnection, serve

from harness.engines.address import open_page
from harness.engines.connection import ConnectionEngine
from harness.engines.fasthttp import FastHttpEngine
from harness.errors import InputError
from harness.model import ErrorCause, Recording, Scenario, Turn
from tests.engine_servers import (
    CONNECTIONS,
    PLACEMENT,
    TIMEOUT_S,
    TURN_S,
    Behaviour,
    plan,
    served,
    targets,
    unused_port,
)
from tests.websocket_servers import ECHOES, RIGHT, TEXT, WRONG, framed, scenario, speaks, switched

pytestmark = pytest.mark.alone

_GOODBYES = {
    "stays": (speaks(stays_s=2 * TIMEOUT_S), "timeout: the server did not close the connection after a goodbye"),
    "goes on": (speaks(leaves=framed(0x81, b"one more thing")), "framing: text of 14 bytes after the last echo"),
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """One turn of each server, all in one generator process, as in a block."""
    log = tmp_path_factory.mktemp("run") / "logs" / "engine.log"
    behaviours = RIGHT | {name: behave for name, (behave, *_) in (WRONG | _GOODBYES).items()}
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(served(behave)) for name, behave in behaviours.items()}
        addresses["refused"] = ("127.0.0.1", unused_port())
        turns = [Turn(contender=name, round=0) for name in addresses]
        drive = ConnectionEngine().drive(targets(addresses, scenario()), plan(), turns, PLACEMENT, log)
        return {recording.contender: recording for recording in drive}


@pytest.mark.parametrize("name", RIGHT)
def test_right_echoes_count_however_they_are_framed(recordings: dict[str, Recording], name: str) -> None:
    recording = recordings[name]
    assert (recording.errors, recording.first_error) == ({}, None)
    assert recording.counted > 0
    assert recording.counted + CONNECTIONS <= recording.answered
    assert 0 < sum(recording.latency.counts) <= recording.answered
    assert recording.busy == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("name", RIGHT)
def test_planned_goodbyes_are_no_reconnects_and_nothing_is_asked_again(
    recordings: dict[str, Recording], name: str
) -> None:
    recording = recordings[name]
    assert (recording.reconnects, recording.asked_again) == (0, 0)
    assert recording.connections == CONNECTIONS, "those that were open when the last echo was back"


@pytest.mark.parametrize("name", [*WRONG, "refused"])
def test_each_way_of_misbehaving_is_counted_under_its_cause_and_said(
    recordings: dict[str, Recording], name: str
) -> None:
    recording = recordings[name]
    _, cause, text = WRONG.get(name, (None, "connect", "Connection refused"))
    assert set(recording.errors) == {ErrorCause(cause)}
    assert (recording.answered, recording.counted) == (0, 0)
    assert recording.first_error is not None
    assert recording.first_error.startswith(f"{cause}: ")
    assert text in recording.first_error
    assert recording.first_error.isprintable()


@pytest.mark.parametrize("name", _GOODBYES)
def test_a_server_that_does_not_let_go_makes_errors_too(recordings: dict[str, Recording], name: str) -> None:
    recording = recordings[name]
    assert recording.answered > 0
    assert sum(recording.errors.values()) >= CONNECTIONS
    assert recording.first_error is not None
    assert recording.first_error.startswith(_GOODBYES[name][1])


def test_every_turn_ends_in_bounded_time_and_errors_make_no_storm(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        assert recording.duration_s == pytest.approx(TURN_S, abs=0.2)
        assert recording.drain_s < 2 * TIMEOUT_S + 0.3, recording.contender
        assert sum(recording.errors.values()) <= CONNECTIONS * (2 + TURN_S / 0.01)


# What is said over a connection --------------------------------------------------------------------------------------


class Hall:
    """A server that counts who comes, how much each says, and who is there. `places`: so many at once; others wait."""

    def __init__(self, pause_s: float = 0.0, places: int = 1000, opening_s: float = 0.0) -> None:
        self.echoes: list[int] = []
        self.inside = 0
        self.most = 0
        self.opened = 0
        self.opened_before_first_echo = 0
        self._pause_s, self._opening_s = pause_s, opening_s
        self._places = threading.Semaphore(places)
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        with self._places, self._present() as number:

            def reply(text: bytes) -> list[bytes]:
                self.opened_before_first_echo = self.opened_before_first_echo or self.opened
                self.echoes[number] += 1
                time.sleep(self._pause_s)
                return [framed(0x81, text)]

            def opens(key: str) -> bytes:
                with self._lock:
                    time.sleep(self._opening_s)
                    self.opened += 1
                return switched(key)

            speaks(reply, opens=opens)(connection)

    def is_empty_soon(self) -> bool:
        """Whether all have left; a thread ends a little after its client has seen its socket closed."""
        until = time.monotonic() + 5
        while self.inside and time.monotonic() < until:
            time.sleep(0.001)
        return not self.inside

    @contextmanager
    def _present(self) -> Any:
        with self._lock:
            self.echoes.append(0)
            self.inside += 1
            self.most = max(self.most, self.inside)
            number = len(self.echoes) - 1
        try:
            yield number
        finally:
            with self._lock:
                self.inside -= 1


def driven(
    behave: Behaviour, tmp_path: Path, *turns: Turn, asked: Scenario | None = None, **changes: Any
) -> list[Recording]:
    with served(behave) as address:
        addresses = targets(dict.fromkeys(["x", "other"], address), asked or scenario())
        wanted = turns or (Turn(contender="x", round=0),)
        return list(
            ConnectionEngine().drive(addresses, plan(**changes), wanted, PLACEMENT, tmp_path / "logs" / "x.log")
        )


TEXTS = ("x", "ä" * 100, "long" * 20_000, "längst" * 100_000)


class Spoken(NamedTuple):
    """What was recorded of several ways of talking, and what each server saw."""

    recordings: dict[str, Recording]
    halls: dict[str, Hall]
    heard: set[bytes]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """One turn of each, all in one generator process."""
    halls = {"seven": Hall(), "one": Hall(opening_s=0.03)}
    heard: set[bytes] = set()

    def reply(text: bytes) -> list[bytes]:
        heard.add(text)
        return [framed(0x81, text)]

    asked = {"seven": scenario(echoes=7), "one": scenario(echoes=1), "padded": scenario()}
    padded = asked["padded"].requests[0].model_copy(update={"padding": 999})
    asked["padded"] = asked["padded"].model_copy(update={"requests": (padded,)})
    with ExitStack() as stack:
        behaviours: dict[str, Behaviour] = {**halls, "padded": speaks(reply)}
        addresses = {name: stack.enter_context(served(behave)) for name, behave in behaviours.items()}
        others = stack.enter_context(serve(_says_back, "127.0.0.1", 0, compression=None, max_size=None))
        threading.Thread(target=others.serve_forever, daemon=True).start()
        address: tuple[str, int] = others.socket.getsockname()
        addresses |= {_length(text): address for text in TEXTS}
        asked |= {_length(text): scenario(echoes=3, text=text) for text in TEXTS}
        named = {name: one.model_copy(update={"name": name}) for name, one in asked.items()}  # of one name are one
        wanted = {name: target for name in named for target in targets({name: addresses[name]}, named[name]).values()}
        turns = [Turn(contender=name, round=0) for name in wanted]
        log = tmp_path_factory.mktemp("run") / "logs" / "x.log"
        drive = ConnectionEngine().drive(wanted, plan(request_timeout_s=10), turns, PLACEMENT, log)
        return Spoken({recording.contender: recording for recording in drive}, halls, heard)


def _says_back(connection: ServerConnection) -> None:
    for said in connection:
        connection.send(said)


def _length(text: str) -> str:
    return f"{len(text)} letters"


def test_a_connection_holds_as_many_echoes_as_the_scenario_says(spoken: Spoken) -> None:
    recording, hall = spoken.recordings["seven"], spoken.halls["seven"]
    assert recording.errors == {}
    assert sum(hall.echoes) == recording.answered
    assert max(hall.echoes) == 7
    assert sum(echoes != 7 for echoes in hall.echoes) <= 2 * CONNECTIONS, "but for the first and the last of each user"
    assert hall.most <= CONNECTIONS


def test_connecting_and_the_handshake_are_part_of_the_first_echo(spoken: Spoken) -> None:
    recording = spoken.recordings["one"]
    assert recording.latency.min_s is not None
    assert recording.latency.min_s >= 0.03
    assert recording.busy == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("name", [_length(text) for text in TEXTS])
def test_texts_of_any_length_come_back_from_a_server_made_by_others(spoken: Spoken, name: str) -> None:
    found = spoken.recordings[name]
    assert (found.errors, found.reconnects) == ({}, 0)
    assert found.answered >= CONNECTIONS


def test_padding_is_said_too(spoken: Spoken) -> None:
    assert spoken.recordings["padded"].errors == {}
    assert spoken.heard == {TEXT.encode() + b" " * 999}


def test_one_echo_in_so_many_holds_a_handshake_however_short_turns_are(tmp_path: Path) -> None:
    hall = Hall(pause_s=0.004)
    turns = [Turn(contender="x", round=index) for index in range(6)]
    found = driven(hall, tmp_path, *turns)
    answered = sum(recording.answered for recording in found)
    assert max(recording.answered for recording in found) < CONNECTIONS * ECHOES, "a turn has less than one each"
    planned = len(hall.echoes) - len(turns) * CONNECTIONS
    assert planned == pytest.approx(answered / ECHOES, abs=CONNECTIONS / 2 + 1)


def test_all_connections_are_opened_before_a_turn_begins(tmp_path: Path) -> None:
    """Else the load would begin with a storm of handshakes, which lasts for longer with some servers."""
    hall = Hall(opening_s=0.02)
    driven(hall, tmp_path, connections=10)
    assert hall.opened_before_first_echo == 10


def test_no_connection_outlives_a_turn(tmp_path: Path) -> None:
    hall = Hall()
    with served(hall) as address:
        turns = [Turn(contender="x", round=index, renew=index == 2) for index in range(4)]
        drive = ConnectionEngine().drive(
            targets({"x": address}, scenario()), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        for recording in drive:
            assert (recording.errors, recording.reconnects, recording.connections) == ({}, 0, CONNECTIONS)
            assert hall.is_empty_soon()


def test_users_that_wait_to_be_let_in_get_in_and_every_turn_ends(tmp_path: Path) -> None:
    """As with a server that has a thread for each connection."""
    hall = Hall(pause_s=0.001, places=3)
    turns = [Turn(contender="x", round=index) for index in range(3)]
    found = driven(hall, tmp_path, *turns, asked=scenario(echoes=10), connections=10)
    for recording in found:
        assert (recording.errors, recording.reconnects, recording.connections) == ({}, 0, 10)
        assert recording.busy == pytest.approx(1.0, abs=0.03), "who waits to be let in waits for an answer"
        assert recording.drain_s < TIMEOUT_S
    assert hall.most == 3
    assert sum(hall.echoes) == sum(recording.answered for recording in found)


def test_users_that_wait_to_be_let_in_get_in_when_a_turn_of_open_loop_ends(tmp_path: Path) -> None:
    """Whoever has used up a connection waits behind seven others for the next, and is late: that is what users bear.

    Whoever is let in first: three places come to 120 echoes at most, so one is left within 0.6 s; and all ten hold more
    than the 200 that are due.
    """
    hall = Hall(places=3)
    turn = Turn(contender="x", round=1, rate_per_s=200, share=0.5)
    asked = scenario(echoes=40)
    (recording,) = driven(hall, tmp_path, turn, asked=asked, connections=10, open_s=1, request_timeout_s=5)
    assert recording.paced is not None
    assert (recording.errors, recording.answered) == ({}, recording.paced.due)
    assert recording.longest_s is not None
    assert recording.longest_s > 0.2
    assert hall.most == 3


def test_two_contenders_are_loaded_at_once_over_the_connections_of_the_same_seats(tmp_path: Path) -> None:
    hall = Hall(pause_s=0.001, places=9)
    pairs = itertools.islice(itertools.cycle([("x", "other"), ("other", "x")]), 4)
    turns = [Turn(contender=one, beside=other, round=index + 1) for index, (one, other) in enumerate(pairs)]
    found = driven(hall, tmp_path, *turns, asked=scenario(echoes=10), duet_s=1, connections=6, request_timeout_s=5)
    assert len(found) == 8
    assert {(len(recording.errors), recording.reconnects) for recording in found} == {(0, 0)}
    assert sum(hall.echoes) == sum(recording.answered for recording in found)


def test_several_generators_share_the_connections(tmp_path: Path) -> None:
    hall = Hall(pause_s=0.001)
    (recording,) = driven(hall, tmp_path, asked=scenario(echoes=10), connections=7, load_processes=3)
    assert (recording.errors, recording.connections, hall.most) == ({}, 7, 7)
    assert sum(hall.echoes) == recording.answered


# Beside the engine ---------------------------------------------------------------------------------------------------


def test_locust_s_page_shows_echoes(tmp_path: Path) -> None:
    with (
        served(speaks(pause_s=0.002)) as (host, port),
        open_page(
            host,
            port,
            scenario(),
            connections=CONNECTIONS,
            wait="sleep",
            placement=PLACEMENT,
            log=tmp_path / "logs" / "x.log",
            page_port=unused_port(),
        ) as url,
    ):
        time.sleep(2.5)
        shown = httpx.get(f"{url}stats/requests", trust_env=False).raise_for_status().json()
    assert (shown["user_count"], shown["fail_ratio"]) == (CONNECTIONS, 0)
    assert shown["stats"][0]["num_requests"] > 100


def test_stock_locust_refuses_what_it_cannot_speak(tmp_path: Path) -> None:
    drive = FastHttpEngine().drive(
        targets({"x": ("127.0.0.1", 1)}, scenario()), plan(), [Turn(contender="x", round=0)], PLACEMENT, tmp_path / "x"
    )
    with pytest.raises(InputError, match='"fasthttp" does not speak WebSockets') as caught:
        next(drive)
    assert "connection" in caught.value.hint
