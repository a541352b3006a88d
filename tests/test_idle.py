"""Idle WebSockets are opened, held and closed; what they cost is told, and why there are no more than there are."""

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from harness import block, idle
from harness.catalog import ROOT
from harness.field import Field
from harness.hosts.base import Host
from harness.hosts.local import LocalHost
from harness.hosts.ssh import SshHost
from harness.model import App, BlockPlan, Contender, Deployment, Expectation, IdleOutcome, Request, Scenario
from harness.services import Services
from tests.asyncsshd import asyncsshd
from tests.benching import LOCK
from tests.fakes import RecordingEngine, RecordingHost, field_of
from tests.launching import LIMITS, PYTHON, gone

EACH_BYTES = 64 * 1024
SERVER = """
import asyncio, http, resource, signal, sys
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

most, fate = int(sys.argv[3]), sys.argv[4]
open_now = 0

async def answer(connection, request):
    global open_now
    if request.path == "/hello":
        return Response(200, "OK", Headers({"Content-Type": "application/json", "Content-Length": "2"}), b"{}")
    if fate == "refuse" and open_now >= most:
        return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "full")
    while fate == "wait" and open_now >= most:
        await asyncio.sleep(0.05)
    open_now += 1

async def hold(connection):
    global open_now
    print("extensions", connection.protocol.extensions, flush=True)
    memory = bytearray(b"x") * EACH
    if fate != "drop" or open_now <= most:
        await connection.wait_closed()
    open_now -= 1
    print("closed", connection.close_code, flush=True)

async def main():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with serve(hold, sys.argv[1], int(sys.argv[2]), process_request=answer, backlog=1000):
        await ended.wait()

if fate == "few files":
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main())
""".replace("EACH", str(EACH_BYTES))
SCENARIO = Scenario(
    name="websocket",
    about="a",
    isolates="b",
    leaves_out="c",
    requests=(
        Request(name="echo", path="/echo", text="x", echoes=1, expect=Expectation(status=101)),
        Request(name="hello", path="/hello", weight=0, expect=Expectation(json_body={})),
    ),
)


def contender(folder: Path, most: int, fate: str) -> Contender:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "echo.py").write_text(SERVER)
    command = ("{python}", "echo.py", "{host}", "{port}", str(most), fate)
    app = App(name="echo", folder=folder, title="Echo", deployments={"plain": Deployment(command=command)})
    return Contender(label="echo", app=app, deployment_name="plain")


def field(host: Host, folder: Path, asked: int, most: int = 0, fate: str = "take all") -> Field:
    made = field_of(RecordingHost({"echo": 1}), RecordingEngine([]), idle_connections=asked)
    return dataclasses.replace(
        made,
        host=host,
        scenario=SCENARIO,
        scenarios={"echo": SCENARIO},
        contenders={"echo": contender(folder / "apps" / "echo", most, fate)},
        pythons={"echo": PYTHON},
        limits=LIMITS,
        logs=folder,
    )


def held(folder: Path, asked: int, most: int = 0, fate: str = "take all") -> IdleOutcome:
    with LocalHost(grace_s=0.5) as host:
        return idle.play(field(host, folder, asked, most, fate), 0, 1, "echo", Services({}))


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(idle, "PATIENCE_S", 1.0)
    monkeypatch.setattr(idle, "SETTLE_S", 0.3)


def logged(folder: Path) -> str:
    return (folder / "block0-idle-echo.log").read_text()


def test_as_many_as_were_asked_for_are_held_and_what_each_costs_is_found(tmp_path):
    found = held(tmp_path, asked=250)
    assert (found.opened, found.asked, found.ended, found.failure) == (250, 250, None, None)
    assert EACH_BYTES < found.bytes_each < 2 * EACH_BYTES
    assert "extensions []" in logged(tmp_path), "a server that compresses would hold its windows, too"


def test_each_is_closed_properly(tmp_path):
    held(tmp_path, asked=20)
    assert logged(tmp_path).split("\n").count("closed 1000") == 20 + 1, "and the one before the first reading"


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("wait", "no further one was open within 1 s"),
        ("refuse", "it refused a further one: server rejected WebSocket connection: HTTP 503"),
        ("few files", "no further one was open within 1 s; it may open 60 files"),
    ],
)
def test_a_server_that_takes_fewer_is_told_with_as_many_as_it_takes_and_why(tmp_path, fate, said):
    most = 60 if fate == "few files" else 32
    found = held(tmp_path, 150, most, fate)
    assert 0.7 * most <= found.opened <= most
    assert (found.ended, found.failure) == (said, None)
    assert found.bytes_each > EACH_BYTES


def test_those_that_the_server_closed_meanwhile_were_not_held(tmp_path):
    found = held(tmp_path, 40, 30, "drop")
    assert (found.opened, found.ended) == (30, "it closed 10 of them while they were idle")


def test_a_server_that_opens_none_is_a_failure_in_its_own_words(tmp_path):
    found = held(tmp_path, 10, 0, "refuse")
    assert (found.opened, found.bytes_each) == (None, None)
    assert found.failure.stage == "idle"
    assert found.failure.message == "`echo` opened no WebSocket: server rejected WebSocket connection: HTTP 503"


def test_a_server_that_keeps_the_first_one_waiting_is_given_up_soon(tmp_path):
    found = held(tmp_path, 10, 0, "wait")
    assert found.failure.message == "`echo` opened no WebSocket: it kept the first one waiting for 1 s"


def test_a_contender_that_does_not_start_is_a_failure(tmp_path):
    with LocalHost(grace_s=0.5) as host:
        made = field(host, tmp_path, 10)
        (tmp_path / "apps" / "echo" / "echo.py").write_text("raise SystemExit(3)")
        found = idle.play(made, 0, 1, "echo", Services({}))
    assert found.failure.stage == "idle"
    assert "ended (exit code 3)" in found.failure.message


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (200, int(sys.argv[1])))
from harness import idle
print(idle.allowed(300), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(("most", "said"), [("5000", "300 400"), ("200", "100 200")])
def test_a_harness_that_may_open_few_files_raises_its_limit_as_far_as_it_may(most, said):
    own = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most == "5000" and own < 5000:
        pytest.skip("this machine allows fewer files")
    done = subprocess.run([sys.executable, "-c", FEW_FILES, most], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


def test_a_harness_that_may_hold_no_more_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(idle, "allowed", lambda _: 3)
    with LocalHost(grace_s=0.5) as host:
        found = idle.play(field(host, tmp_path, 10), 0, 1, "echo", Services({}))
    assert (found.opened, found.ended) == (3, "the harness may open 103 files")


def test_ctrl_c_while_they_are_opened_leaves_neither_connections_nor_a_server(tmp_path, monkeypatch):
    monkeypatch.setattr(idle, "PATIENCE_S", 60.0)
    files = psutil.Process().num_fds()
    with LocalHost(grace_s=0.5) as host:
        made = field(host, tmp_path, 200, 32, "wait")
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            idle.play(made, 0, 1, "echo", Services({}))
        assert gone(*(child.pid for child in psutil.Process(host.agent_pid).children(recursive=True)))
    assert psutil.Process().num_fds() <= files


def test_a_block_has_its_idle_connections_when_all_that_was_measured_has_ended(tmp_path):
    with LocalHost(grace_s=0.5) as host:
        planned = BlockPlan(index=0, launches=(), turns=(), idle=("echo",))
        outcomes = list(block.play(field(host, tmp_path, 20), planned, 1))
    assert [one.kind for one in outcomes] == ["idle", "block"]
    assert outcomes[0].opened == 20


def test_a_server_behind_ssh_is_reached_through_the_connection(tmp_path):
    with asyncsshd(tmp_path) as at, SshHost(at, provisions=False, exclusive=True, lock=LOCK) as host:
        found = idle.play(field(host, tmp_path / "here", 50), 0, 1, "echo", Services({}))
    assert (found.opened, found.failure) == (50, None)
    assert found.bytes_each > EACH_BYTES
