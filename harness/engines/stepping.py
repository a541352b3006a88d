"""The harness's side of a generator process: started for one job, told to take each turn, always ended."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

import harness
from harness.engines.base import longest_s
from harness.engines.job import Job
from harness.errors import EngineError, StoreError
from harness.model import Placement, Plan, Recording, Target, Turn

_GRACE_S = 2.0
_MARGIN_S = 30.0
_OWN_FILES = 64  # of the generator, beside its connections
_NEXT = b"next\n"
_RECORDINGS: TypeAdapter[tuple[Recording, ...]] = TypeAdapter(tuple[Recording, ...])


class SteppedEngine:
    """An Engine whose load comes from a process of its own. `module` is what that process runs.

    It is given up when a turn takes `margin_s` longer than the longest that is possible; the first also pays its start.
    """

    module: str

    def __init__(self, *, margin_s: float = _MARGIN_S) -> None:
        self._margin_s = margin_s

    def drive(
        self,
        targets: Mapping[str, Target],
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Generator[Recording, None, None]:
        """See `engines.base.Engine`. With `plan.samples` raw latencies go to `samples/<log's name>/` beside logs/."""
        job = Job(
            targets=targets,
            plan=plan,
            turns=tuple(turns),
            cpus=placement.generator_cpus,
            samples=log.absolute().parent.parent / "samples" / log.stem if plan.samples else None,
        )
        margin_s = plan.request_timeout_s + self._margin_s
        with generator((self.module,), job, log) as process:
            for turn in job.turns:
                yield from _recordings(process, log, longest_s(plan, turn) + margin_s)


@contextmanager
def generator(arguments: Sequence[str], job: Job, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running generator that has been given its job; ended on leaving, whatever happens.

    Raises EngineError if it cannot open enough connections, StoreError if its log cannot be written. To be entered on
    the main thread: the kernel ends a generator together with the thread that started it.
    """
    _refuse_too_few_files(job)
    with _opened(log) as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            env=_environment(),
            start_new_session=True,
        )
    try:
        _tell(process, job.model_dump_json().encode() + b"\n")
        yield process
    finally:
        _end(process)


def told(process: subprocess.Popen[bytes], log: Path, within_s: float = _MARGIN_S) -> bytes:
    """The one line that the generator writes next. Raises EngineError when it has ended instead, or says nothing."""
    assert process.stdout is not None
    deadline = time.monotonic() + within_s
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise EngineError(f"the load generator did not answer within {within_s:g} s", _log_hint(log))
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            raise EngineError(f"the load generator ended (exit code {process.wait()})", _log_hint(log))
        line += piece
    return line


def _refuse_too_few_files(job: Job) -> None:
    """The generator may raise its own limit, but no higher than the hard one, which it inherits."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = job.plan.connections * len(job.targets)
    needed = connections + _OWN_FILES
    if most != resource.RLIM_INFINITY and most < needed:
        raise EngineError(
            f"{connections} connections need {needed} open files, and only {most} are allowed",
            f"Allow more with `ulimit -n {needed}`, or choose fewer connections.",
        )


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise StoreError(
            f'the log "{log}" cannot be written: {error.strerror}',
            "Free some space, or name another folder with --out.",
        ) from error


def _recordings(process: subprocess.Popen[bytes], log: Path, within_s: float) -> tuple[Recording, ...]:
    """Those of the next turn, one for each of its contenders."""
    _tell(process, _NEXT)
    line = told(process, log, within_s)
    try:
        return _RECORDINGS.validate_json(line)
    except ValidationError as error:
        raise EngineError(f"the load generator wrote no recording: {line[:80]!r}", _log_hint(log)) from error


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    """A generator that has ended cannot be told anything: reading from it says so."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        while line:
            line = line[process.stdin.write(line) :]


def _end(process: subprocess.Popen[bytes]) -> None:
    """A generator that is stopped or hangs does not hear of SIGTERM; of SIGKILL it need not hear."""
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
