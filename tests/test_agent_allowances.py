"""The counters of network interfaces, as the kernel tells them: those of a pair of virtual ones, made for the test."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.agent import allowances

ROOT = Path(__file__).parent.parent
COUNT = """
import socket
from harness.agent import allowances
print(sorted(allowances.statistics("one")), allowances.statistics("lo"), allowances.statistics("none"))
"""
PAIR = "ip link add one type veth peer name two && ip link set one up && ip link set two up && "
IN_A_NAMESPACE = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c"]


def may_unshare():
    return subprocess.run([*IN_A_NAMESPACE, f"{PAIR}true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_unshare(), reason="no network namespace of one's own may be made here")
def test_an_interfaces_counters_are_read_by_name():
    asked = subprocess.run(
        [*IN_A_NAMESPACE, f'{PAIR}exec {sys.executable} -c "$0"', COUNT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names, nothing = asked.stdout.split("]", 1)
    assert "'peer_ifindex'" in names
    assert nothing.split() == ["{}", "{}"]


def test_allowances_are_added_up_over_interfaces_and_other_counters_left_out(monkeypatch):
    counters = {
        "ens5": {"bw_in_allowance_exceeded": 3, "pps_allowance_exceeded": 0, "tx_timeout": 9},
        "ens6": {"bw_in_allowance_exceeded": 4},
    }
    monkeypatch.setattr(allowances, "_interfaces", lambda: list(counters))
    monkeypatch.setattr(allowances, "statistics", counters.__getitem__)
    assert allowances.exceeded() == {"bw_in": 7, "pps": 0}


def test_where_nobody_counts_it_is_not_known(monkeypatch):
    monkeypatch.setattr(allowances, "_interfaces", lambda: ["lo"])
    assert allowances.exceeded() is None
