"""What servers and the machine used, and what the machine is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.agent.limits import allowed_cpus
from harness.errors import HostError
from harness.hosts.local import LocalHost
from tests.launching import ASKED, CPUS, LIMITS, PYTHON, contender, eventually, launched


def test_usage_counts_cpu_memory_and_threads_of_the_whole_tree(tmp_path: Path) -> None:
    burning = """
    def burn():
        end = time.process_time() + 0.2
        while time.process_time() < end: pass
    if os.fork() == 0:
        burn()
        block = bytearray(b"x") * (30 << 20)
        time.sleep(60)
    gone = os.fork()
    if gone == 0:
        burn()
        os._exit(0)
    os.waitpid(gone, 0)
    threading.Thread(target=burn).start()
    time.sleep(0.7)
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    serve()
    """
    with launched(tmp_path, burning) as server:
        first, second = server.usage(), server.usage()
    assert first.cpu_s >= 0.58
    assert first.memory_bytes is not None
    assert first.memory_bytes >= 30 << 20
    assert len(first.processes) == 2
    assert max(process.threads for process in first.processes) >= 2
    assert [(p.pid, p.started_at) for p in first.processes] == [(p.pid, p.started_at) for p in second.processes]


def test_usage_says_where_a_server_may_run(tmp_path: Path) -> None:
    with launched(tmp_path) as server:
        assert server.usage().cpus == LIMITS.cpus


def test_where_processes_may_run_is_where_one_of_them_may() -> None:
    sleeping = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in CPUS]
    try:
        for process, cpu in zip(sleeping, CPUS, strict=True):
            os.sched_setaffinity(process.pid, {cpu})
        assert allowed_cpus(process.pid for process in sleeping) == list(CPUS)
        assert allowed_cpus([sleeping[0].pid]) == [CPUS[0]]
    finally:
        for process in sleeping:
            process.kill()
            process.wait()


BURN = "import time; e = time.process_time() + 0.4\nwhile time.process_time() < e: pass"


def test_burners_of_our_own_are_ours_even_when_they_have_ended() -> None:
    with LocalHost() as host:
        before = host.reading()
        subprocess.run([sys.executable, "-c", BURN], check=True)
        after = host.reading()
    assert before.own_s is not None
    assert after.own_s is not None
    assert after.own_s - before.own_s >= 0.38


def test_a_hog_that_is_not_ours_is_foreign(tmp_path: Path) -> None:
    orphan = f"import os\nif os.fork(): os._exit(0)\n{BURN}\nopen({str(tmp_path / 'done')!r}, 'w').write('yes\\n')"
    with LocalHost() as host:
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        before = host.reading()
        subprocess.run([sys.executable, "-c", orphan], check=True)
        eventually(tmp_path / "done")
        after = host.reading()
    assert before.own_s is not None
    assert after.own_s is not None
    assert before.busy_s is not None
    assert after.busy_s is not None
    assert after.own_s - before.own_s < 0.3
    assert (after.busy_s - before.busy_s) - (after.own_s - before.own_s) > 0.2


def test_the_fingerprint_knows_machine_and_moment_and_repeats_the_machine() -> None:
    with LocalHost() as host:
        one, two = host.fingerprint(), host.fingerprint()
    assert one["identity"] == two["identity"]
    assert one["identity"]["cpus"] == list(CPUS)
    assert one["identity"]["memory_bytes"] > 0
    assert one["moment"]["speed"]["alone_per_s"] > 0
    assert one["moment"]["uptime_s"] <= two["moment"]["uptime_s"]


def test_an_agent_on_the_generators_cpus_still_knows_all_of_them(tmp_path: Path) -> None:
    with LocalHost() as host:
        assert os.sched_getaffinity(host.agent_pid) == set(host.placement.generator_cpus)
        assert host.fingerprint()["identity"]["cpus"] == list(CPUS)
        with host.launch(contender(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as server:
            assert os.sched_getaffinity(server.launched.pid) == set(LIMITS.cpus)


def test_a_second_run_on_the_machine_is_refused_and_told_of_the_first() -> None:
    lock = f"rematch-test-{os.getpid()}"  # the tests do not stop for a real run
    with LocalHost(exclusive=True, lock=lock) as first:
        second = LocalHost(exclusive=True, lock=lock)
        with pytest.raises(HostError, match=rf"Another run is measuring .* process {first.agent_pid}"):
            second.__enter__()
        with LocalHost() as modest:
            assert modest.reading().monotonic_s > 0
    with LocalHost(exclusive=True, lock=lock):
        pass


def test_a_host_that_is_not_open_says_so() -> None:
    with pytest.raises(HostError, match="not open"):
        LocalHost().reading()
    with pytest.raises(HostError, match="not open"):
        _ = LocalHost().placement


def test_a_quota_that_stops_a_server_is_seen(tmp_path: Path) -> None:
    group = Path(f"/sys/fs/cgroup/cpu/test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "cpu.cfs_quota_us").write_text("20000")
    except OSError:
        pytest.skip("needs root and control groups of version 1")
    burn = "e = time.process_time() + 0.1\nwhile time.process_time() < e: pass\nserve()"
    try:
        with launched(tmp_path, f"open('{group}/cgroup.procs', 'w').write('0')\n{burn}") as server:
            assert (server.usage().throttled or 0) > 0
    finally:
        group.rmdir()
