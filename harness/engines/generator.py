"""The generator's process: reads a job, then takes a turn and writes its recordings each time it is told to."""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Empty, Queue

from harness.engines.job import Job
from harness.engines.orders import CLOCK, WINDOWS, Go, Refusal
from harness.engines.process import refuse_too_few_files
from harness.engines.stage import Stage
from harness.errors import EngineError

_PR_SET_PDEATHSIG = 1
_LOST = 255  # as ssh ends where the way there is lost


class Orders:
    """The lines that the harness sends. Where they end the harness is gone or done, and this process ends at once.

    A process that hangs or is stopped reads no end: so that it ends too, the kernel is told to kill it (Linux). A
    harness that was gone before the kernel was told has left an end to be read. `silence_s`: who waits so long for a
    line ends as well. A turn is no waiting: nothing looks at a clock for this while there is load.
    """

    def __init__(self, silence_s: float | None = None) -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        self._silence_s = silence_s
        self._lines: Queue[bytes] = Queue()
        gevent.spawn(self._read)

    def next(self) -> bytes:
        try:
            line: bytes = self._lines.get(timeout=self._silence_s)
        except Empty:
            sys.stderr.write(f"nothing was heard of the harness for {self._silence_s:g} seconds\n")
            sys.stderr.flush()
            os._exit(_LOST)
        return line

    def _read(self) -> None:
        for line in FileObject(sys.stdin.fileno(), "rb", close=False):
            self._lines.put(line)
        os._exit(0)


def serve(open_stage: Callable[[Job], Stage], words: Sequence[str] = ()) -> None:
    """Take the turns of one job, each when it is asked for; between them there is no load and no work.

    `words`: those of the command line.
    """
    answers = _own_standard_output()
    orders = Orders(_parser().parse_args(words).silence)
    job = read_job(orders)
    try:
        refuse_too_few_files(job)
    except EngineError as error:
        answers.write(Refusal(message=error.message, hint=error.hint).model_dump_json().encode() + b"\n")
        return
    stage = open_stage(job)
    stage.spawn()
    for turn in job.turns:
        line = orders.next()
        stage.get_ready(turn)
        while line == CLOCK:
            answers.write(b"%d\n" % time.perf_counter_ns())
            line = orders.next()
        taken = stage.take(turn, Go.model_validate_json(line))
        answers.write(stage.ended(taken).model_dump_json().encode() + b"\n")
        recordings = stage.recorded(taken, WINDOWS.validate_json(orders.next()))
        answers.write(b"[%b]\n" % b",".join(one.model_dump_json().encode() for one in recordings))
    orders.next()


def read_job(orders: Orders) -> Job:
    """The job, which is the first line. From here on this process stays on its CPUs and may open many connections."""
    job = Job.model_validate_json(orders.next())
    if job.cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job.cpus)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):  # a system may refuse what it calls unlimited
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return job


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="generator", description=__doc__)
    parser.add_argument("--silence", type=float, help="seconds without an order after which the harness is gone")
    return parser


def _own_standard_output() -> BinaryIO:
    """Unbuffered, and ours alone: whatever a library prints goes to the log."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own
