"""Several generator processes that make one load: they share it, keep in step, and fail together."""

import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from harness.engines.connection import ConnectionEngine
from harness.engines.fasthttp import FastHttpEngine
from harness.engines.process import here
from harness.engines.stepping import share_of_cpus
from harness.errors import EngineError, LostError
from harness.model import Draw, Expectation, Placement, Recording, Request, Turn
from tests.engine_servers import (
    GOOD,
    PLACEMENT,
    SCENARIO,
    Heard,
    answers,
    generators,
    heard,
    plan,
    replies,
    says,
    served,
    targets,
)

pytestmark = pytest.mark.alone
SHARED: dict[str, Any] = {"connections": 7, "load_processes": 3}


def driven(behave: Any, tmp_path: Path, *turns: Turn, **changes: Any) -> list[Recording]:
    with served(behave) as address:
        log = tmp_path / "logs" / "x.log"
        labels = {"good": address, "other": address}
        return list(ConnectionEngine().drive(targets(labels), plan(**SHARED | changes), turns, PLACEMENT, log))


@pytest.mark.parametrize("engine", [ConnectionEngine, FastHttpEngine])
def test_all_connections_are_there_and_none_twice(engine: Any, tmp_path: Path) -> None:
    peers: Counter[int] = Counter()

    def behave(connection: socket.socket) -> None:
        for _ in heard(connection):
            peers[connection.getpeername()[1]] += 1
            time.sleep(0.002)
            connection.sendall(GOOD)

    turns = [Turn(contender="good", round=index) for index in range(2)]
    with served(behave) as address:
        log = tmp_path / "logs" / "x.log"
        found = list(engine().drive(targets({"good": address}), plan(**SHARED), turns, PLACEMENT, log))
    assert len(peers) == 7
    assert sum(peers.values()) == sum(recording.answered for recording in found)
    for recording in found:
        assert recording.connections == 7
        assert [one.connections for one in recording.generators] == [3, 2, 2]
        assert recording.errors == {}
        assert recording.counted > 0
    assert sorted(one.name for one in (tmp_path / "logs").iterdir()) == ["x-2.log", "x-3.log", "x.log"]


@pytest.mark.parametrize("wait", ["sleep", "spin"])
def test_several_generators_count_what_the_server_answered(wait: str, tmp_path: Path) -> None:
    """Each answer takes 5 ms, so 7 connections that are always busy get 1,400 a second."""
    turns = [Turn(contender="good", round=index) for index in range(3)]
    for recording in driven(answers(GOOD, pause_s=0.005), tmp_path, *turns, wait=wait):
        assert recording.requests_per_s == pytest.approx(recording.answered / recording.duration_s, rel=0.15)
        assert recording.busy == pytest.approx(1, abs=0.03)
        assert recording.duration_s == pytest.approx(0.25, abs=0.05)
        used = [(one.cpu_s, one.empty_s) for one in recording.generators]
        assert recording.generator_cpu_s == pytest.approx(sum(cpu_s for cpu_s, _ in used))
        assert all(0 < empty_s < cpu_s if wait == "spin" else empty_s == 0 for cpu_s, empty_s in used)


def test_generators_begin_in_step_and_their_clocks_are_known(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=index) for index in range(9)]
    found = driven(answers(GOOD, pause_s=0.005), tmp_path, *turns)
    late_s = sorted(max(one.late_s for one in recording.generators) for recording in found)
    assert late_s[4] < 0.02, "a few milliseconds on a machine that has other things to do, far less on a quiet one"
    assert all(min(one.late_s for one in recording.generators) == 0 for recording in found)
    assert all(0 < one.clock_error_s < 0.01 for recording in found for one in recording.generators)


def test_a_duet_is_shared_too(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=0), Turn(contender="good", round=1, beside="other")]
    _, first, second = driven(answers(GOOD, pause_s=0.005), tmp_path, *turns, duet_s=1)
    assert (first.contender, second.contender) == ("good", "other")
    assert first.connections == second.connections == 7
    assert min(first.counted, second.counted) > 100
    assert first.errors == second.errors == {}


def test_a_rate_is_split_and_kept(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=0), Turn(contender="good", round=1, share=0.3, rate_per_s=200.5)]
    _, found = driven(answers(GOOD), tmp_path, *turns, open_s=1)
    assert found.paced
    assert (found.paced.due, found.answered, found.counted) == (200, 200, 200)
    assert found.paced.rate_per_s == 200.5
    assert found.counted_s == pytest.approx(1, abs=0.1)
    assert sum(found.paced.lag.counts) + found.paced.queued == 200


def test_no_row_that_is_to_be_asked_once_is_asked_by_two(tmp_path: Path) -> None:
    bodies: Counter[bytes] = Counter()

    def reply(request: Heard) -> bytes:
        bodies[request.body] += 1
        time.sleep(0.002)
        return says(200, b'{"status": "done"}')

    newcomer = Request(
        name="newcomer",
        method="POST",
        path="/users",
        body={"email": "{newcomer.email}"},
        draw=Draw(of="newcomer", count=60, once=True),
        expect=Expectation(json_body={"status": "done"}),
    )
    scenario = SCENARIO.model_copy(update={"requests": (newcomer,)})
    with served(replies(reply)) as address:
        (found,) = ConnectionEngine().drive(
            targets({"x": address}, scenario),
            plan(**SHARED),
            [Turn(contender="x", round=0)],
            PLACEMENT,
            tmp_path / "logs" / "x.log",
        )
    assert found.ran_out == "newcomer"
    assert set(bodies.values()) == {1}
    assert len(bodies) == found.answered


def test_raw_latencies_of_all_generators_are_stored_when_asked_for(tmp_path: Path) -> None:
    (found,) = driven(answers(GOOD, pause_s=0.005), tmp_path, Turn(contender="good", round=0), samples=True)
    assert sorted(one.parent.name for one in (tmp_path / "samples").rglob("*.npy")) == ["x", "x-2", "x-3"]
    sizes = [np.load(one).size for one in (tmp_path / "samples").rglob("*.npy")]
    assert sum(sizes) == sum(found.latency.counts)


@pytest.mark.parametrize("moment", ["between turns", "in a turn"])
def test_a_generator_that_dies_fails_the_turn_and_takes_the_others_with_it(moment: str, tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=index) for index in range(100)]
    long = plan(**SHARED, warm_s=1.0)
    with served(answers(GOOD, pause_s=0.005)) as address:
        drive = ConnectionEngine().drive(
            targets({"good": address}), long, turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        if moment == "between turns":
            next(drive)
            _the_second(generators()).kill()
        else:
            threading.Timer(0.5, _kill_once_loading, [address]).start()
        with pytest.raises(EngineError, match="exit code -9") as caught:
            list(drive)
    assert "x-2.log" in caught.value.hint
    assert generators() == []


def _the_second(found: list[psutil.Process]) -> psutil.Process:
    assert len(found) == 3
    return sorted(found, key=lambda one: one.pid)[1]


def _kill_once_loading(address: tuple[str, int]) -> None:
    """As soon as connections to the server are there."""
    for _ in range(200):
        for one in generators():
            if any(each.raddr and each.raddr.port == address[1] for each in one.net_connections()):
                time.sleep(0.2)
                _the_second(generators()).kill()
                return
        time.sleep(0.05)


def test_a_generator_that_hangs_fails_the_turn(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=index) for index in range(100)]
    with served(answers(GOOD)) as address:
        drive = ConnectionEngine(margin_s=5).drive(
            targets({"good": address}), plan(**SHARED), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        next(drive)
        _the_second(generators()).suspend()
        with pytest.raises(EngineError, match=r"did not answer within 5\.4 s"):
            next(drive)
    assert generators() == []


def test_generators_are_started_wherever_there_is_a_spot(tmp_path: Path) -> None:
    """A spot is a command that runs a module, with pipes: here one through `env`, as elsewhere one through `ssh`."""
    near = here()
    through = replace(near, command=("env", "REMATCH_SPOT=far", *near.command), cores=())
    with served(answers(GOOD, pause_s=0.005)) as address:
        drive = ConnectionEngine([near, through]).drive(
            targets({"good": address}),
            plan(connections=8, load_processes=2),
            [Turn(contender="good", round=0)],
            PLACEMENT,
            tmp_path / "logs" / "x.log",
        )
        found = next(drive)
        where = [one.environ().get("REMATCH_SPOT") for one in sorted(generators(), key=lambda one: one.pid)]
        drive.close()
    assert where == [None, None, "far", "far"]
    assert [one.connections for one in found.generators] == [2, 2, 2, 2]


def test_a_generator_elsewhere_that_may_not_open_enough_files_says_so_before_any_load(tmp_path: Path) -> None:
    near = here()
    few = replace(near, command=("sh", "-c", 'ulimit -n 100; exec "$0" "$@"', *near.command), cores=(), host="far")
    drive = ConnectionEngine([few]).drive(
        targets({"good": ("127.0.0.1", 1)}),
        plan(connections=50),
        [Turn(contender="good", round=0)],
        PLACEMENT,
        tmp_path / "logs" / "x.log",
    )
    with pytest.raises(EngineError, match="`far`: 50 connections need 114 open files, and only 100 are") as caught:
        next(drive)
    assert "ulimit -n 114" in caught.value.hint


def test_only_who_may_lose_the_harness_without_a_word_is_told_when_it_is_gone() -> None:
    assert here().further() == []
    assert replace(here(), host="far", silence_s=60).further() == ["--silence", "60"]


def test_a_spot_that_cannot_start_anything_is_an_error_that_says_so(tmp_path: Path) -> None:
    nowhere = replace(here(), command=("/nonexistent/python", "-m"))
    drive = ConnectionEngine([nowhere]).drive(
        targets({"good": ("127.0.0.1", 1)}), plan(), [Turn(contender="good", round=0)], PLACEMENT, tmp_path / "l" / "x"
    )
    with pytest.raises(EngineError, match="no load generator could be started") as caught:
        next(drive)
    assert "/nonexistent/python" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "code", "error", "said"),
    [
        ("far", 255, LostError, "on `far` was lost"),
        ("far", 1, EngineError, r"ended \(exit code 1\)"),
        (None, 255, EngineError, r"ended \(exit code 255\)"),
    ],
)
def test_a_generator_whose_ssh_loses_its_host_is_lost_and_every_other_one_has_failed(
    host: str | None, code: int, error: type[Exception], said: str, tmp_path: Path
) -> None:
    ends = replace(here(), command=("sh", "-c", f"echo why >&2; exit {code}"), cores=(), host=host)
    drive = ConnectionEngine([ends]).drive(
        targets({"good": ("127.0.0.1", 1)}), plan(), [Turn(contender="good", round=0)], PLACEMENT, tmp_path / "l" / "x"
    )
    with pytest.raises(error, match=said) as caught:
        next(drive)
    assert "last line: why" in caught.value.hint  # type: ignore[attr-defined]


def test_more_generators_than_connections_are_refused(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=0)]
    drive = ConnectionEngine().drive(
        targets({"good": ("127.0.0.1", 1)}), plan(load_processes=5), turns, PLACEMENT, tmp_path / "x.log"
    )
    with pytest.raises(EngineError, match="5 load generators cannot share 4 connections"):
        next(drive)


@pytest.mark.parametrize(
    ("cores", "of", "shares"),
    [
        pytest.param([(3,)], 1, [(3,)], id="all of one"),
        pytest.param([(0,), (1,), (2,), (3,), (4,)], 2, [(0, 1), (2, 3, 4)], id="nearly as many each"),
        pytest.param([(0, 2), (1, 3)], 2, [(0, 2), (1, 3)], id="no core is shared while there are enough"),
        pytest.param([(0, 2), (1, 3)], 1, [(0, 2, 1, 3)], id="one has all cores"),
        pytest.param([(0, 2), (1, 3)], 3, [(0,), (2,), (1, 3)], id="else threads of cores"),
        pytest.param([(0,), (1,)], 3, [(0,), (1,), (0,)], id="else some share one"),
        pytest.param([], 2, [(), ()], id="anywhere"),
    ],
)
def test_cpus_are_split_among_generators(cores: Any, of: int, shares: list[tuple[int, ...]]) -> None:
    assert [share_of_cpus(cores, index, of) for index in range(of)] == shares


def test_each_generator_stays_on_its_cpus(tmp_path: Path) -> None:
    allowed = sorted(psutil.Process().cpu_affinity() or ())
    if len(allowed) < 2:
        pytest.skip("one CPU is all there is")
    placement = Placement(server_cpus=(), generator_cpus=tuple(allowed[:2]), owns_core=False)
    with served(answers(GOOD)) as address:
        drive = ConnectionEngine().drive(
            targets({"good": address}),
            plan(load_processes=2),
            [Turn(contender="good", round=0)],
            placement,
            tmp_path / "logs" / "x.log",
        )
        next(drive)
        pinned = [one.cpu_affinity() for one in sorted(generators(), key=lambda one: one.pid)]
        drive.close()
    assert pinned == [[cpu] for cpu in allowed[:2]]
