"""The program as its users call it: a process of its own, on real servers and under real load, kept short."""

import os
import subprocess
import sys
import time
from pathlib import Path

from harness.catalog import ROOT

LOCK = f"rematch-test-{os.getpid()}"  # tests may run while something else is being measured
# The generator sleeps while it waits: a spinning one would take the CPU that the tests beside it need.
FEW = ("--rounds", "2", "--starts", "1", "--connections", "10", "--wait", "sleep", "--contenders", "bare_wsgi@gthread")
SHORT = ("--quick", "--blocks", "2", *FEW)
SLICES = (*SHORT, "--duets", "0")


def command(*arguments):
    return [sys.executable, "-m", "harness", *arguments]


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT), "REMATCH_LOCK": LOCK, **more}


def bench(*arguments, **more):
    return subprocess.run(
        command(*arguments), env=environment(**more), capture_output=True, text=True, check=False, timeout=120
    )


def run_folder(out):
    (folder,) = Path(out).iterdir()
    return folder


def group_is_gone(leader):
    """Whether no process has the environment marker that a started harness hands down."""
    return not [
        path
        for path in Path("/proc").glob("[0-9]*/environ")
        if int(path.parent.name) != os.getpid() and str(leader).encode() in _read(path)
    ]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
