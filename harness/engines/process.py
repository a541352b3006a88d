"""The harness's side of one generator process: how it is started, told and heard, and that it always ends."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import TypeAdapter, ValidationError

import harness
from harness.engines.job import Job
from harness.engines.orders import Refusal
from harness.errors import EngineError, LostError, RematchError, StoreError

_T = TypeVar("_T")
_GRACE_S = 2.0
_OWN_FILES = 64  # of the generator, beside its connections
_SSH_LOST = 255  # how OpenSSH's client ends where its connection does (ssh(1)), or what runs there is killed
_SILENCE_S = 300.0  # far longer than anything that the harness does between two turns


@dataclass(frozen=True)
class Spot:
    """Where generators are started, and how: `command` runs the module that is named after it, with pipes to us.

    `environment` is that command's. `cores`: which of its CPUs they may use there, core by core (none: any). None: this
    machine, and those which the run gives them. `host`: the name of the host to which the command's ssh leads, if it
    does. There generators end themselves when they have heard no order for `silence_s`: a network that is cut closes
    no pipe.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    cores: tuple[tuple[int, ...], ...] | None = None
    host: str | None = None
    silence_s: float = _SILENCE_S

    def further(self) -> list[str]:
        """What generators are told on their command line."""
        return ["--silence", f"{self.silence_s:g}"] if self.host else []


def here() -> Spot:
    """On this machine. The environment is the caller's, less what would change the generator."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GEVENT", "LOCUST", "PYTHON"))}
    root = str(Path(harness.__file__).parent.parent)
    # numpy's threads would only get in the way
    return Spot((sys.executable, "-m"), kept | {"PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"})


class GeneratorProcess:
    """A running generator: its pipes, and the log that it complains to. `host`: as its spot has it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, host: str | None = None) -> None:
        self._process = process
        self._log = log
        self._host = host

    def tell(self, line: bytes) -> None:
        """Write one line. A generator that has ended cannot be told anything: reading from it says so."""
        assert self._process.stdin is not None
        line += b"\n"
        with suppress(BrokenPipeError):
            while line:
                line = line[self._process.stdin.write(line) :]

    def told(self, within_s: float) -> bytes:
        """The one line that it writes next. Raises EngineError when it has ended instead, or says nothing.

        LostError where the connection to its host has ended.
        """
        assert self._process.stdout is not None
        deadline = time.monotonic() + within_s
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise EngineError(f"the load generator did not answer within {within_s:g} s", self._log_hint())
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
            if not piece:
                raise self._ended(self._process.wait())
            line += piece
        return line

    def told_as(self, kind: TypeAdapter[_T], within_s: float) -> _T:
        """What the next line says. Raises as `told`, and EngineError where it says something else."""
        line = self.told(within_s)
        try:
            return kind.validate_json(line)
        except ValidationError as error:
            raise self._misheard(line) from error

    def end(self) -> None:
        """One that is stopped or hangs does not hear of SIGTERM; of SIGKILL it need not hear."""
        self._process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        finally:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(BrokenPipeError):
                    pipe and pipe.close()

    def _ended(self, code: int) -> RematchError:
        if self._host and code == _SSH_LOST:
            return LostError(
                f"The way to the load generator on `{self._host}` was lost: its ssh ended (exit code {code}).",
                f"Is the host up, or has it killed the generator (journalctl -k)? {self._log_hint()}",
            )
        return EngineError(f"the load generator ended (exit code {code})", self._log_hint())

    def _misheard(self, line: bytes) -> EngineError:
        try:
            refusal = Refusal.model_validate_json(line)
        except ValidationError:
            return EngineError(f"the load generator wrote nonsense: {line[:80]!r}", self._log_hint())
        return EngineError(f"`{self._host}`: {refusal.message}" if self._host else refusal.message, refusal.hint)

    def _log_hint(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return f"Its log is {self._log}; last line: {lines[-1] if lines else '(it is empty)'}"


@contextmanager
def started(spot: Spot, arguments: Sequence[str], log: Path) -> Iterator[GeneratorProcess]:
    """A running generator, which waits for its job; ended on leaving, whatever happens.

    Raises EngineError if it cannot be started, StoreError if its log cannot be written. To be entered on the main
    thread: the kernel ends a generator together with the thread that started it.
    """
    with _opened(log) as stderr:
        process = GeneratorProcess(_spawned(spot, arguments, stderr), log, spot.host)
    try:
        yield process
    finally:
        process.end()


def refuse_too_few_files(job: Job) -> None:
    """Raise EngineError if a generator on this machine cannot open as many connections as its job needs.

    It may raise its own limit, but no higher than the hard one, which it inherits. Asked before one is started here,
    and by each itself: of another machine nobody else can tell, and servers would be blamed for what they never saw.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = job.connections * len(job.targets)
    needed = connections + _OWN_FILES
    if most != resource.RLIM_INFINITY and most < needed:
        raise EngineError(
            f"{connections} connections need {needed} open files, and only {most} are allowed",
            f"Allow more (`ulimit -n {needed}`; for good in /etc/security/limits.d), or choose fewer connections.",
        )


def _spawned(spot: Spot, arguments: Sequence[str], stderr: BinaryIO) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [*spot.command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            env=spot.environment,
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(
            f"no load generator could be started: {error}", f"Its command is {spot.command[0]}"
        ) from error


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise StoreError(
            f'the log "{log}" cannot be written: {error.strerror}',
            "Free some space, or name another folder with --out.",
        ) from error
