"""Servers of a few lines, to be launched for real by a real agent; and what became of processes."""

import os
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import LaunchError
from harness.hosts.agent import AgentServer
from harness.hosts.local import LocalHost
from harness.model import App, Contender, Deployment, Expectation, Limits, Request

PYTHON = Path(sys.executable)
CPUS = tuple(sorted(os.sched_getaffinity(0)))
LIMITS = Limits(cpus=CPUS[-1:])
ASKED = Request(name="hello", path="/hello", expect=Expectation(json_body={"hello": [1, True]}))
FREE_CGROUP_V1 = os.access("/sys/fs/cgroup/cpuset", os.W_OK) and os.access("/sys/fs/cgroup/memory", os.W_OK)

SERVER = """
import json, os, signal, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    status, media_type = 200, "application/json"
    def body(self):
        return json.dumps({"hello": [1, True]})
    def do_GET(self):
        body = self.body().encode()
        self.send_response(self.status)
        self.send_header("Content-Type", self.media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve(handler=Handler):
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""


def contender(folder: Path, script: str = "serve()", **environment: str) -> Contender:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "serve.py").write_text(SERVER + textwrap.dedent(script))
    deployment = Deployment(command=("{python}", "serve.py", "{port}"), environment=environment)
    app = App(name="trap", folder=folder, title="Trap", deployments={"plain": deployment})
    return Contender(label="trap@plain", app=app, deployment_name="plain")


@contextmanager
def launched(
    folder: Path, script: str = "serve()", *, limits: Limits = LIMITS, timeout_s: float = 10, grace_s: float = 5
) -> Iterator[AgentServer]:
    with (
        LocalHost(grace_s=grace_s) as host,
        host.launch(contender(folder, script), PYTHON, ASKED, limits, folder / "log", timeout_s) as server,
    ):
        yield server


def failure(folder: Path, script: str, timeout_s: float = 10) -> LaunchError:
    with pytest.raises(LaunchError) as caught, launched(folder, script, timeout_s=timeout_s):
        pass
    return caught.value


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(*pids: int, within_s: float = 8) -> bool:
    deadline = time.monotonic() + within_s
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def eventually(file: Path, within_s: float = 8) -> str:
    deadline = time.monotonic() + within_s
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{file} was not written"
        time.sleep(0.01)
    return file.read_text()


WITH_CHILDREN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inside, outside = os.fork(), None
if inside == 0:
    time.sleep(60)
outside = os.fork()
if outside == 0:
    os.setsid()
    time.sleep(60)
open("children", "w").write(f"{inside} {outside}\\n")
serve()
"""
