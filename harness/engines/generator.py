"""The generator's process: reads a job, then takes a turn and writes its recordings each time it is told to."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue

from harness.engines.job import Job
from harness.engines.orders import CLOCK, WINDOWS, Go
from harness.engines.stage import Stage

_PR_SET_PDEATHSIG = 1


class Orders:
    """The lines that the harness sends. Where they end the harness is gone or done, and this process ends at once.

    A process that hangs or is stopped reads no end: so that it ends too, the kernel is told to kill it (Linux). A
    harness that was gone before the kernel was told has left an end to be read.
    """

    def __init__(self) -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        self._lines: Queue[bytes] = Queue()
        gevent.spawn(self._read)

    def next(self) -> bytes:
        line: bytes = self._lines.get()
        return line

    def _read(self) -> None:
        for line in FileObject(sys.stdin.fileno(), "rb", close=False):
            self._lines.put(line)
        os._exit(0)


def serve(open_stage: Callable[[Job], Stage]) -> None:
    """Take the turns of one job, each when it is asked for; between them there is no load and no work."""
    answers = _own_standard_output()
    orders = Orders()
    job = read_job(orders)
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


def _own_standard_output() -> BinaryIO:
    """Unbuffered, and ours alone: whatever a library prints goes to the log."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own
