"""Whatever ends, and however, nothing stays behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HostError, LaunchError
from harness.hosts.local import LocalHost
from tests.launching import ASKED, LIMITS, PYTHON, WITH_CHILDREN, alive, contender, eventually, gone, launched


def test_a_server_deaf_to_sigterm_is_killed_with_all_its_children(tmp_path: Path) -> None:
    with launched(tmp_path, WITH_CHILDREN, grace_s=0.3) as server:
        children = [int(pid) for pid in (tmp_path / "children").read_text().split()]
        assert all(map(alive, children))
        assert {process.pid for process in server.usage().processes} == {server.launched.pid, *children}
    assert server.killed is True
    assert not any(map(alive, [server.launched.pid, *children]))


def test_a_dead_server_is_an_error_when_its_usage_is_asked_for(tmp_path: Path) -> None:
    with launched(tmp_path) as server:
        os.kill(server.launched.pid, signal.SIGKILL)
        assert gone(server.launched.pid)
        with pytest.raises(LaunchError, match=r"`trap@plain` ended \(signal 9, SIGKILL\)"):
            server.usage()


def test_leaving_the_host_ends_servers_that_nobody_stopped(tmp_path: Path) -> None:
    with LocalHost() as host:
        stack = host.launch(contender(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 10)
        pid = stack.__enter__().launched.pid
    assert not alive(pid)


def test_a_killed_agent_takes_its_servers_along_and_is_an_error(tmp_path: Path) -> None:
    with LocalHost() as host, host.launch(contender(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as server:
        os.kill(host.agent_pid, signal.SIGKILL)
        assert gone(server.launched.pid)
        with pytest.raises(HostError, match="The agent"):
            server.usage()


def test_an_agent_that_is_told_to_end_ends_its_servers(tmp_path: Path) -> None:
    with LocalHost() as host, host.launch(contender(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as server:
        os.kill(host.agent_pid, signal.SIGTERM)
        assert gone(host.agent_pid, server.launched.pid)
        with pytest.raises(HostError):
            host.reading()
        with pytest.raises(HostError, match="not listening any more"):
            host.reading()


PLAYED_HARNESS = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests import launching as t
from harness.hosts.local import LocalHost
folder = Path({folder!r})
with LocalHost(grace_s=1) as host:
    (folder / "agent").write_text(f"{{host.agent_pid}}\\n")
    if {holding}:
        if os.fork() == 0:
            time.sleep(4)
            os._exit(0)
    with host.launch(t.contender(folder, {script!r}), t.PYTHON, t.ASKED, t.LIMITS, folder / "log", 60) as server:
        (folder / "ready").write_text("yes\\n")
        time.sleep(60)
"""
TELLING = "open('pid', 'w').write(f'{os.getpid()}\\n')\n"


def played(folder: Path, script: str, *, holding: bool = False) -> subprocess.Popen[bytes]:
    here = Path(__file__).resolve()
    names = {"root": str(here.parent.parent), "folder": str(folder), "script": script}
    return subprocess.Popen([sys.executable, "-c", PLAYED_HARNESS.format(**names, holding=holding)])


def pids(folder: Path) -> tuple[int, int]:
    return int(eventually(folder / "agent")), int(eventually(folder / "pid"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_harness_that_ends_during_a_launch(tmp_path: Path, number: signal.Signals) -> None:
    with played(tmp_path, TELLING + "time.sleep(60)") as harness:
        agent, server = pids(tmp_path)
        os.kill(harness.pid, number)
    assert gone(agent, server)


def test_nothing_outlives_a_harness_that_is_killed_while_servers_run(tmp_path: Path) -> None:
    with played(tmp_path, TELLING + WITH_CHILDREN) as harness:
        agent, server = pids(tmp_path)
        eventually(tmp_path / "ready")
        children = [int(pid) for pid in (tmp_path / "children").read_text().split()]
        harness.kill()
    assert gone(agent, server, *children)


def test_a_child_that_holds_the_pipe_open_does_not_keep_the_agent(tmp_path: Path) -> None:
    with played(tmp_path, TELLING + "serve()", holding=True) as harness:
        agent, server = pids(tmp_path)
        eventually(tmp_path / "ready")
        harness.kill()
        harness.wait()
        assert gone(agent, server, within_s=3)


def test_an_interrupted_request_leaves_the_host_refusing_and_ends_all(tmp_path: Path) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with LocalHost(grace_s=1) as host:
            signal.setitimer(signal.ITIMER_REAL, 0.8)
            with (
                pytest.raises(KeyboardInterrupt),
                host.launch(
                    contender(tmp_path, TELLING + "time.sleep(60)"), PYTHON, ASKED, LIMITS, tmp_path / "log", 60
                ),
            ):
                pass
            with pytest.raises(HostError, match="not listening any more"):
                host.reading()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not alive(int(eventually(tmp_path / "pid")))
