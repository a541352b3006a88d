"""The generator's process never outlives its use, and when it fails it is said why."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.engines.connection import ConnectionEngine
from harness.errors import EngineError
from harness.model import Placement, Recording, Turn
from tests.engine_servers import GOOD, PLACEMENT, SCENARIO, answers, generators, plan, served


def _started(tmp_path: Path, stack: ExitStack) -> Generator[Recording]:
    address = stack.enter_context(served(answers(GOOD)))
    turns = [Turn(contender="good", round=index) for index in range(100)]
    return ConnectionEngine().drive({"good": address}, SCENARIO, plan(), turns, PLACEMENT, tmp_path / "logs" / "x.log")


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
                {"good": ("127.0.0.1", 1)}, SCENARIO, plan(), turns, nowhere, tmp_path / "logs" / "x.log"
            )
        )
    assert "Error" in caught.value.hint


_HARNESS_TO_BE_KILLED = """
import sys
from pathlib import Path
from harness.engines.connection import ConnectionEngine
from harness.model import Placement, Plan, Scenario, Turn

scenario, plan = Scenario.model_validate_json(sys.argv[1]), Plan.model_validate_json(sys.argv[2])
turns = [Turn(contender="good", round=index) for index in range(2)]
placement = Placement(server_cpus=(), generator_cpus=(), owns_core=False)
address = ("127.0.0.1", int(sys.argv[3]))
for _ in ConnectionEngine().drive({"good": address}, scenario, plan, turns, placement, Path(sys.argv[4])):
    print("recorded", flush=True)
"""


def test_a_killed_harness_leaves_no_generator_even_in_the_middle_of_a_turn(tmp_path: Path) -> None:
    long = plan(slice_min_s=20, slice_max_s=20)
    with served(answers(GOOD)) as (_, port):
        words = [SCENARIO.model_dump_json(), long.model_dump_json(), str(port), str(tmp_path / "logs" / "x.log")]
        killed = subprocess.Popen(
            [sys.executable, "-c", _HARNESS_TO_BE_KILLED, *words],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.fspath(Path(__file__).parent.parent)},
        )
        assert killed.stdout is not None
        with killed.stdout:
            assert killed.stdout.readline() == b"recorded\n"
            time.sleep(0.3)
            (generator,) = generators(killed.pid)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            generator.wait(timeout=2)
        assert not generator.is_running()
