"""A machine behind SSH as a host, by a server in this process: what needs neither sshd nor root."""

import shutil
from pathlib import Path

import pytest

from harness import block, prepare
from harness.errors import HostError, InputError
from harness.hosts.openssh import Connection
from harness.hosts.ssh import SshHost
from tests.asyncsshd import asyncsshd
from tests.benching import LOCK
from tests.launching import gone

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH's client")


def test_a_contender_is_launched_asked_through_the_connection_and_gone(tmp_path: Path) -> None:
    with asyncsshd(tmp_path) as at, SshHost(at, provisions=False, exclusive=True, lock=LOCK) as machine:
        asked = prepare.Asked(contenders=["null"])
        entry = prepare.enter(asked)
        field = prepare.field_of(entry, prepare.plan(entry, asked, machine.placement), machine, tmp_path / "logs")
        with block.launch(field, "null", "log") as server:
            assert block.verified(field, server) == ()
            assert server.usage().cpu_s > 0
        assert gone(server.launched.pid)
        kept = {path.name for path in (tmp_path / "home" / ".cache" / "rematch").iterdir()}
    assert kept == {"files", "work"}
    assert not any((tmp_path / "home" / ".cache" / "rematch" / "work").iterdir())


def test_another_python_than_the_host_s_own_cannot_be_chosen_there(tmp_path: Path) -> None:
    entry = prepare.enter(prepare.Asked(contenders=["null", "flask+python==3.11.2"], reference="null"))
    said = pytest.raises(InputError, match="another Python than the host's own")
    with asyncsshd(tmp_path) as at, SshHost(at, provisions=False, lock=LOCK) as machine, said:
        machine.environments.missing(entry.apps)


def test_what_a_login_prints_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    with asyncsshd(tmp_path) as at, Connection(at) as connection:
        assert connection.run("echo one; echo two") == "one\ntwo\n"
        assert connection.run("cat", given=b"\0\xff" * 70_000).count("\0") == 70_000
        with pytest.raises(HostError, match="`a thing` failed on") as caught:
            connection.run("echo why >&2; exit 3", what="a thing")
    assert caught.value.hint == "Its last words: why"
