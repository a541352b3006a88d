"""What goes wrong on the way to another machine is told, and nothing that was started here is left."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from harness.errors import HostError
from harness.hosts import openssh, provisioning
from harness.hosts.openssh import Connection, SshAddress
from harness.hosts.survey import survey
from tests.benching import wait_for

_FORKS = """
import pathlib, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
pathlib.Path(__file__).with_name("child").write_text(str(child.pid))
time.sleep(60)
"""


def test_what_pyinfra_has_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "main.py"
    program.write_text(_FORKS)
    monkeypatch.setattr(provisioning, "_PROGRAM", program)
    monkeypatch.setattr(provisioning, "_WITHIN_S", 2.0)
    connection: Any = SimpleNamespace(name="far", plain_words=list)
    found: Any = SimpleNamespace(is_root=True, python="python3", has_apt=True)
    with pytest.raises(HostError, match="`far` could not be made fit within 2 s"):
        provisioning.see_to_system(connection, found)
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE, 5)


def test_a_client_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssh").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(openssh, "_CONNECT_WITHIN_S", 0.5)
    begun = time.monotonic()
    with (
        pytest.raises(HostError, match=r"did not answer within 0\.5 s"),
        Connection(SshAddress("far")).forwarded("x", 1),
    ):
        pass
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("told", ["", "This account is not available.\n"])
def test_a_host_whose_shell_does_nothing_is_told(told: str) -> None:
    connection: Any = SimpleNamespace(name="far", run=lambda *_, **__: told)
    with pytest.raises(HostError, match="`far` did not say what it is") as caught:
        survey(connection)
    assert "echo hello" in caught.value.hint
