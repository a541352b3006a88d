"""Limits hold, and what is said of them is what the kernel says."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import agent
from harness.agent.asked import Limits as Asked
from harness.agent.groups import Group
from harness.errors import LaunchError
from harness.hosts.agent import There, order, plain_environment
from harness.hosts.link import Link
from harness.hosts.local import LocalHost
from harness.model import Limits
from tests.launching import ASKED, CPUS, FREE_CGROUP_V1, LIMITS, PYTHON, WITH_CHILDREN, alive, contender, gone, launched

QUOTA = FREE_CGROUP_V1 and os.access("/sys/fs/cgroup/cpu", os.W_OK)
BUSY = """
def spin():
    while True:
        pass
threading.Thread(target=spin, daemon=True).start()
serve()
"""


def test_servers_run_on_the_cpus_asked_for_and_the_kernel_says_so(tmp_path: Path) -> None:
    with launched(tmp_path) as server:
        enforcement = server.launched.enforcement
        assert os.sched_getaffinity(server.launched.pid) == set(LIMITS.cpus)
        assert enforcement.held["cpus"] == list(LIMITS.cpus)
        assert enforcement.enforced


def test_a_server_that_leaves_its_cpus_is_not_called_enforced(tmp_path: Path) -> None:
    if FREE_CGROUP_V1 or len(CPUS) < 2:
        pytest.skip("needs affinity as the mechanism, and a second CPU to leave to")
    with launched(tmp_path, f"os.sched_setaffinity(0, {set(CPUS)}); serve()") as server:
        assert not server.launched.enforcement.enforced


@pytest.mark.skipif(not FREE_CGROUP_V1, reason="needs root and control groups of version 1")
def test_memory_over_the_limit_is_refused_by_the_kernel(tmp_path: Path) -> None:
    limits = Limits(cpus=CPUS[-1:], memory_bytes=48 << 20)
    with launched(tmp_path / "small", limits=limits) as server:
        assert server.launched.enforcement.enforced
        assert server.launched.enforcement.held["memory_bytes"] == 48 << 20
        assert server.usage().oom_kills == 0
    with (
        pytest.raises(LaunchError, match="signal 9") as caught,
        launched(tmp_path / "large", "big = bytearray(b'x') * (128 << 20); serve()", limits=limits),
    ):
        pass
    assert "memory limit (50331648 bytes)" in caught.value.hint


@pytest.mark.skipif(not QUOTA, reason="needs root and the cpu controller of version 1")
def test_cpu_time_over_the_quota_is_withheld_by_the_kernel_from_all_servers_together(tmp_path: Path) -> None:
    """Each of two would take all that there is: together they get 0.4."""
    limits = Limits(cpus=CPUS[-1:], cpu_quota=0.4)
    with LocalHost() as host, ExitStack() as stack:
        servers = [
            stack.enter_context(host.launch(contender(folder, BUSY), PYTHON, ASKED, limits, folder / "log", 30))
            for folder in (tmp_path / "one", tmp_path / "two")
        ]
        enforcement = servers[-1].launched.enforcement
        assert (enforcement.held["cpu_quota"], enforcement.enforced) == (0.4, True)
        before_s, started_s = sum(one.cpu_s() for one in servers), time.monotonic()
        throttled = servers[0].usage().throttled or 0
        time.sleep(1.5)
        used_s, elapsed_s = sum(one.cpu_s() for one in servers) - before_s, time.monotonic() - started_s
        assert (servers[0].usage().throttled or 0) > throttled
        assert used_s / elapsed_s < 0.4 * 1.2
        agent = host.agent_pid
    assert not list(Path("/sys/fs/cgroup").glob(f"*/**/rematch-{agent}-*"))


@pytest.mark.skipif(not FREE_CGROUP_V1, reason="needs root and control groups of version 1")
def test_the_limit_is_for_all_servers_together_and_its_groups_are_removed(tmp_path: Path) -> None:
    limits = Limits(cpus=CPUS[-1:], memory_bytes=64 << 20)
    with LocalHost() as host:
        one, two = contender(tmp_path / "one"), contender(tmp_path / "two")
        with (
            host.launch(one, PYTHON, ASKED, limits, tmp_path / "1", 10) as first,
            host.launch(two, PYTHON, ASKED, limits, tmp_path / "2", 10) as second,
        ):
            groups = [Path(f"/proc/{s.launched.pid}/cgroup").read_text() for s in (first, second)]
            assert groups[0] == groups[1]
            assert f"rematch-{host.agent_pid}-" in groups[0]
        agent = host.agent_pid
    assert not list(Path("/sys/fs/cgroup").glob(f"*/**/rematch-{agent}-*"))


@pytest.mark.skipif(not FREE_CGROUP_V1, reason="needs root and control groups of version 1")
def test_what_a_killed_agent_left_in_its_group_is_ended_by_the_next(tmp_path: Path) -> None:
    with LocalHost() as host:
        deaf = contender(tmp_path, WITH_CHILDREN)
        server = host.launch(deaf, PYTHON, ASKED, LIMITS, tmp_path / "log", 10)
        pid = server.__enter__().launched.pid
        agent = host.agent_pid
        os.kill(agent, signal.SIGKILL)
    assert alive(pid)
    with launched(tmp_path / "next"):
        assert gone(pid, *map(int, (tmp_path / "children").read_text().split()))
        assert not list(Path("/sys/fs/cgroup/cpuset").glob(f"rematch-{agent}-*"))


def test_without_groups_the_memory_limit_is_admitted_not_to_hold(tmp_path: Path) -> None:
    if FREE_CGROUP_V1:
        pytest.skip("here it can be held")
    with launched(tmp_path, limits=Limits(cpus=CPUS[-1:], memory_bytes=64 << 20)) as server:
        assert server.launched.enforcement.mechanism in {"affinity", "cgroup v2"}
        assert server.launched.enforcement.enforced == (server.launched.enforcement.mechanism == "cgroup v2")


SYSTEM_PYTHON = "/usr/bin/python3"


def system_python_is_new_enough() -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return Path(SYSTEM_PYTHON).exists() and not subprocess.run([SYSTEM_PYTHON, "-c", code], check=False).returncode


@pytest.mark.skipif(os.geteuid() != 0, reason="this whole file is run by a plain user already")
@pytest.mark.skipif(not system_python_is_new_enough(), reason="needs a Python >= 3.11 that everyone can run")
def test_an_agent_copied_alone_to_another_place_serves_a_plain_user() -> None:
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies in a folder of root's
        folder = Path(name)
        app = contender(folder / "app")
        shutil.copytree(Path(agent.__file__).parent, folder / "agent", ignore=shutil.ignore_patterns("__pycache__"))
        for each in (folder, folder / "app"):
            each.chmod(0o777)
        link = Link([*user, SYSTEM_PYTHON, "-m", "agent"], {"PYTHONPATH": name, "PATH": "/usr/bin:/bin"})
        try:
            there = There(str(folder / "app"), SYSTEM_PYTHON, str(folder / "app" / "log"), "127.0.0.1")
            told = order(app, there, ASKED, LIMITS, 10, plain_environment("/"))
            launched = link.ask("launch", 20, **told)
            usage = link.ask("usage", 20, pid=launched["pid"])
            assert Path(f"/proc/{launched['pid']}").stat().st_uid == 65534
            assert (launched["enforcement"]["mechanism"], launched["enforcement"]["enforced"]) == ("affinity", True)
            assert usage["memory_bytes"] > 0
        finally:
            link.close()
        assert gone(launched["pid"])


def test_a_group_of_version_2_is_written_as_that_kernel_wants_it(tmp_path: Path) -> None:
    """No machine of ours has one to write to, so its files are plain ones here."""
    group = tmp_path / "rematch-1-2"
    group.mkdir()
    (tmp_path / "cpuset.mems.effective").write_text("0-1\n")
    files = ("cpuset.cpus", "cpuset.mems", "memory.max", "memory.swap.max", "cpu.max", "cgroup.procs")
    for name in files:
        (group / name).touch()
    unified = Group("cgroup v2", group, group, group, "memory.max", "memory.swap.max")
    unified.ask(Asked((2, 3), 1 << 30, 0.4))
    (group / "cgroup.procs").write_text("7\n8\n")
    assert [(group / name).read_text() for name in files[:5]] == ["2,3", "0-1", str(1 << 30), "0", "4000 10000"]
    assert unified.cpu_quota([7, 8]) == 0.4
    assert unified.cpu_quota([7, 9]) is None
    assert unified.memory_bytes([7, 8]) == 1 << 30
    assert unified.memory_bytes([7, 9]) is None
    (group / "cpu.max").write_text("max 100000\n")
    assert unified.cpu_quota([7]) is None
    (group / "memory.max").write_text("max\n")
    assert unified.memory_bytes([7]) is None
