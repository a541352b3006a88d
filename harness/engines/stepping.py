"""The harness's side of a generator process: started for one job, told to take each turn, always ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

import harness
from harness.engines.job import Job
from harness.errors import EngineError
from harness.model import Placement, Plan, Recording, Scenario, Turn

_GRACE_S = 2.0
_NEXT = b"next\n"


class SteppedEngine:
    """An Engine whose load comes from a process of its own. `module` is what that process runs."""

    module: str

    def drive(
        self,
        addresses: Mapping[str, tuple[str, int]],
        scenario: Scenario,
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Generator[Recording, None, None]:
        """See `engines.base.Engine`. With `plan.samples` raw latencies go to `samples/<log's name>/` beside logs/."""
        job = Job(
            addresses=addresses,
            scenario=scenario,
            plan=plan,
            turns=tuple(turns),
            cpus=placement.generator_cpus,
            samples=log.absolute().parent.parent / "samples" / log.stem if plan.samples else None,
        )
        with generator((self.module,), job, log) as process:
            for _turn in job.turns:
                yield _recording(process, log)


@contextmanager
def generator(arguments: Sequence[str], job: Job, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running generator that has been given its job; ended on leaving, whatever happens."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,
        )
    try:
        _tell(process, job.model_dump_json().encode() + b"\n")
        yield process
    finally:
        _end(process)


def told(process: subprocess.Popen[bytes], log: Path) -> bytes:
    """The next line that the generator writes. Raises EngineError when it has ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.endswith(b"\n"):
        raise EngineError(f"the load generator ended (exit code {process.wait()})", _log_hint(log))
    return line


def _recording(process: subprocess.Popen[bytes], log: Path) -> Recording:
    _tell(process, _NEXT)
    line = told(process, log)
    try:
        return Recording.model_validate_json(line)
    except ValidationError as error:
        raise EngineError(f"the load generator wrote no recording: {line[:80]!r}", _log_hint(log)) from error


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    """A generator that has ended cannot be told anything: reading from it says so."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(line)
        process.stdin.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                pipe and pipe.close()


def _environment() -> dict[str, str]:
    """The caller's, less what would change the generator; numpy's threads would only get in the way."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GEVENT", "LOCUST", "PYTHON"))}
    root = str(Path(harness.__file__).parent.parent)
    return kept | {"PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"}


def _log_hint(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    last = lines[-1] if lines else "(it is empty)"
    return f"Its log is {log}; last line: {last}"
