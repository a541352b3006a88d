"""Who is there and who descends from whom, from /proc and, where there is none, from `ps`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.agent import processes
from harness.agent.fingerprint import parse_cpus


def test_a_child_is_found_with_its_parent_and_session() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as child:
        table = processes.table()
        found = table[child.pid]
        assert (found.parent, found.session, found.group) == (os.getpid(), child.pid, child.pid)
        assert child.pid in processes.descendants(table, [os.getpid()])
        assert os.getpid() not in processes.descendants(table, [child.pid])
        child.communicate(b"\n")
    assert processes.look(child.pid) is None


def test_a_name_with_brackets_and_blanks_does_not_shift_the_fields(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 ("
    shutil.copy("/bin/sleep", odd)
    with subprocess.Popen([odd, "60"]) as child:
        found = processes.look(child.pid)
        child.kill()
    assert found is not None
    assert (found.name, found.parent) == ("a) S 1 (", os.getpid())


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
def test_ps_tells_the_same_as_proc() -> None:
    told, seen = processes._from_ps()[os.getpid()], processes.table()[os.getpid()]
    assert (told.parent, told.group, told.ended) == (seen.parent, seen.group, False)
    assert told.cpu_s == pytest.approx(seen.cpu_s, abs=1.5)
    assert told.rss_bytes > 1 << 20


@pytest.mark.parametrize(
    ("clock", "seconds"), [("00:00:07", 7), ("1-02:03:04", 93784), ("0:01.25", 1.25), ("12:00.50", 720.5)]
)
def test_clocks_of_every_ps_are_read(clock: str, seconds: float) -> None:
    assert processes._seconds(clock) == seconds


def test_the_kernels_lists_of_cpus_are_read() -> None:
    assert parse_cpus("0-2,5") == [0, 1, 2, 5]
    assert parse_cpus("7") == [7]
