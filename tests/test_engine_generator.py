"""The generator's process never outlives its use, and when it fails it is said why."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from harness.engines.connection import ConnectionEngine
from harness.errors import EngineError, StoreError
from harness.model import Placement, Plan, Recording, Turn
from tests.engine_servers import GOOD, PLACEMENT, answers, generators, plan, served, targets


def _started(tmp_path: Path, stack: ExitStack) -> Generator[Recording]:
    address = stack.enter_context(served(answers(GOOD)))
    turns = [Turn(contender="good", round=index) for index in range(100)]
    return ConnectionEngine().drive(targets({"good": address}), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log")


def test_abandoning_the_recordings_ends_the_generator(tmp_path: Path) -> None:
    with ExitStack() as stack:
        drive = _started(tmp_path, stack)
        next(drive)
        assert len(generators()) == 1
        del drive
        assert generators() == []


def test_an_interruption_ends_the_generator(tmp_path: Path) -> None:
    with ExitStack() as stack:
        drive = _started(tmp_path, stack)
        next(drive)
        with pytest.raises(KeyboardInterrupt):
            drive.throw(KeyboardInterrupt())
        assert generators() == []


def test_a_generator_that_dies_is_an_error_with_the_last_line_of_its_log(tmp_path: Path) -> None:
    with ExitStack() as stack:
        drive = _started(tmp_path, stack)
        next(drive)
        (generator,) = generators()
        generator.kill()
        with pytest.raises(EngineError, match=r"exit code -9") as caught:
            next(drive)
        assert "x.log" in caught.value.hint
        assert generators() == []


def test_a_job_that_cannot_be_done_is_an_error_that_says_why(tmp_path: Path) -> None:
    nowhere = Placement(server_cpus=(), generator_cpus=(100_000,), owns_core=False)
    turns = [Turn(contender="good", round=0)]
    with pytest.raises(EngineError) as caught:
        list(
            ConnectionEngine().drive(
                targets({"good": ("127.0.0.1", 1)}), plan(), turns, nowhere, tmp_path / "logs" / "x.log"
            )
        )
    assert "Error" in caught.value.hint


_HARNESS_TO_BE_KILLED = """
import sys
from pathlib import Path
from harness.engines.connection import ConnectionEngine
from harness.model import Placement, Plan, Target, Turn

target, plan = Target.model_validate_json(sys.argv[1]), Plan.model_validate_json(sys.argv[2])
turns = [Turn(contender="good", round=index) for index in range(2)]
placement = Placement(server_cpus=(), generator_cpus=(), owns_core=False)
for _ in ConnectionEngine().drive({"good": target}, plan, turns, placement, Path(sys.argv[3])):
    print("recorded", flush=True)
"""


@contextmanager
def _to_be_killed(plan: Plan, port: int, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    """A harness in the middle of its second turn, and its generator."""
    target = targets({"good": ("127.0.0.1", port)})["good"]
    words = [target.model_dump_json(), plan.model_dump_json(), str(folder / "logs" / "x.log")]
    harness = subprocess.Popen(
        [sys.executable, "-c", _HARNESS_TO_BE_KILLED, *words],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.fspath(Path(__file__).parent.parent)},
    )
    assert harness.stdout is not None
    with harness.stdout:
        assert harness.stdout.readline() == b"recorded\n"
        time.sleep(0.3)
        (generator,) = generators(harness.pid)
        yield harness, generator


@pytest.mark.parametrize("stopped", [False, True])
def test_a_killed_harness_leaves_no_generator_even_in_the_middle_of_a_turn(tmp_path: Path, *, stopped: bool) -> None:
    long = plan(slice_min_s=20, slice_max_s=20)
    with served(answers(GOOD)) as (_, port), _to_be_killed(long, port, tmp_path) as (harness, generator):
        if stopped:
            generator.suspend()
        harness.send_signal(signal.SIGKILL)
        harness.wait()
        generator.wait(timeout=2)
    assert not generator.is_running()


def test_a_stopped_generator_is_given_up_and_ended(tmp_path: Path) -> None:
    turns = [Turn(contender="good", round=index) for index in range(100)]
    with served(answers(GOOD)) as address:
        drive = ConnectionEngine(margin_s=3).drive(
            targets({"good": address}), plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log"
        )
        next(drive)
        (generator,) = generators()
        generator.suspend()
        with pytest.raises(EngineError, match=r"did not answer within 3\.4 s"):
            next(drive)
        assert generators() == []


def test_more_connections_than_open_files_are_refused_before_any_load(tmp_path: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = {f"good{number}": ("127.0.0.1", 1) for number in range(most // 10_000 + 1)}
    drive = ConnectionEngine().drive(targets(many), plan(connections=10_000), [], PLACEMENT, tmp_path / "x.log")
    with pytest.raises(EngineError, match=f"and only {most} are allowed") as caught:
        next(drive)
    assert f"ulimit -n {10_000 * len(many) + 64}" in caught.value.hint
    assert not (tmp_path / "x.log").exists()


def test_a_log_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    drive = ConnectionEngine().drive(
        targets({"good": ("127.0.0.1", 1)}), plan(), [], PLACEMENT, tmp_path / "logs" / "x.log"
    )
    with pytest.raises(StoreError, match=r"x\.log.* cannot be written"):
        next(drive)
