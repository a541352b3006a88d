"""A machine behind SSH as a host, by a server in this process: what needs neither sshd nor root."""

import os
import shutil
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import block, prepare
from harness.engines.connection import ConnectionEngine
from harness.engines.process import Spot
from harness.errors import HostError, InputError, LostError
from harness.hosts import provisioning
from harness.hosts.load import LoadHost, load_host
from harness.hosts.local import LocalHost
from harness.hosts.openssh import _SOCKET, Connection
from harness.hosts.placement import cores_of
from harness.hosts.site import Hold, site
from harness.hosts.ssh import SshHost, with_load
from harness.hosts.survey import Survey
from harness.model import MachineReading, Recording, Turn
from tests.asyncsshd import asyncsshd
from tests.benching import LOCK
from tests.engine_servers import GOOD, PLACEMENT, answers, plan, served, targets
from tests.launching import gone
from tests.lending import lend_environment

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


def test_a_client_that_is_ending_is_lost_though_it_is_still_there(tmp_path: Path) -> None:
    """What it refuses first are commands; until it has gone they would be taken for failures of their own."""
    with asyncsshd(tmp_path) as at, Connection(at) as connection:
        assert all(connection.is_open for _ in range(20))
        assert connection.run("echo one") == "one\n"
        (connection._folder / _SOCKET).unlink()
        assert not connection.is_open
        connection.log_in_again()
        assert connection.is_open
        assert connection.run("echo one") == "one\n"


@contextmanager
def far(folder: Path, said: list[str], **more: Any) -> Iterator[LoadHost]:
    """A load host, as far as SSH goes."""
    with asyncsshd(folder) as at:
        lend_environment(at, folder / "home" / ".cache" / "rematch")
        with load_host(at, **{"provisions": False, "tell": said.append, **more}) as found:
            yield found


@contextmanager
def driven(there: LoadHost, folder: Path, **more: Any) -> Iterator[Generator[Recording]]:
    """The first of many turns from there is over."""
    spot = Spot(there.command, there.environment, (), there.name, **more)
    turns = [Turn(contender="good", round=index) for index in range(50)]
    with served(answers(GOOD, pause_s=0.005)) as address:
        drive = ConnectionEngine([spot]).drive(targets({"good": address}), plan(), turns, PLACEMENT, folder / "l" / "x")
        with closing(drive):
            assert next(drive).counted > 0
            yield drive


def test_where_the_connection_to_a_load_host_is_lost_it_is_found_again_and_makes_load_as_before(tmp_path: Path) -> None:
    said: list[str] = []
    with far(tmp_path, said) as there:
        with driven(there, tmp_path) as drive:
            there.find(1, said.append)
            assert said == [], "nothing was lost"
            client = there.site.connection._client
            assert client is not None
            client.kill()
            with pytest.raises(LostError, match=r"generator on `127\.0\.0\.1`"):
                next(drive)
        there.find(10, said.append)
        assert said[-1] == "127.0.0.1 is there again"
        with driven(there, tmp_path) as drive:
            assert next(drive).errors == {}


def test_before_a_launch_the_load_hosts_are_found_too(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        far(tmp_path, []) as there,
        SshHost(there.site.connection._to, provisions=False, lock=LOCK, load=[there], tell=said.append) as machine,
    ):
        client = there.site.connection._client
        assert client is not None
        client.kill()
        client.wait()
        machine._ready()
        assert there.site.connection.is_open
    assert said[-1] == "127.0.0.1 is there again"


def test_a_generator_on_a_load_host_that_hears_nothing_any_more_ends_itself(tmp_path: Path) -> None:
    with far(tmp_path, []) as there, driven(there, tmp_path, silence_s=1) as drive:
        next(drive)
        assert len(generators_of(there)) == 1
        (generator,) = generators_of(there)
        generator.wait(5)
        with pytest.raises(LostError, match=r"127\.0\.0\.1") as caught:
            next(drive)
    assert "nothing was heard of the harness for 1 seconds" in caught.value.hint


def test_a_host_that_never_comes_back_is_said_to_be_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.hosts.ssh._FOUND_WITHIN_S", 0.1)

    def measured(way: ExitStack) -> None:
        at = way.enter_context(asyncsshd(tmp_path))
        with SshHost(at, provisions=False, lock=LOCK, silence_s=1) as machine:
            way.close()
            with pytest.raises(LostError):
                machine.reading()
            machine._ready()

    with ExitStack() as way, pytest.raises(HostError, match="cannot be reached"):
        measured(way)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every machine is another one than this."""
    monkeypatch.setattr(Survey, "shares_kernel", False)


@pytest.mark.usefixtures("elsewhere")
def test_one_run_at_a_time_makes_load_from_a_machine_and_the_lock_is_held_again_after_a_loss(tmp_path: Path) -> None:
    lock = f"{LOCK}-load"
    with far(tmp_path, [], lock=lock) as there:
        address = there.site.connection._to
        another = partial(load_host, address, provisions=False, tell=print, lock=lock)
        with pytest.raises(HostError, match=r"`127\.0\.0\.1`: Another run is measuring"), another():
            pass
        client = there.site.connection._client
        assert client is not None
        client.kill()
        client.wait()
        there.find(10, print)
        with pytest.raises(HostError, match="Another run is measuring"), another():
            pass
        there.hold.__exit__()
        with another():
            pass


@pytest.mark.usefixtures("elsewhere")
def test_what_a_load_host_loses_is_read_with_what_the_measured_one_does(tmp_path: Path) -> None:
    with far(tmp_path, [], lock=f"{LOCK}-load") as there:
        to = there.site.connection._to
        with SshHost(to, provisions=False, lock=LOCK, load=[there]) as machine:
            both, load = machine.reading(), there.hold.reading()
            assert load is not None
            assert load.busy_s
            assert load.steal_s is not None
            assert both.steal_s == pytest.approx(2 * load.steal_s, abs=1), "both are this machine after all"
            assert there.hold._link is not None
            os.kill(there.hold._link.pid, signal.SIGKILL)
            with pytest.raises(LostError):
                machine.reading()
            machine._ready()
            assert machine.reading().steal_s is not None


def test_steal_and_allowances_of_the_load_are_added_each_under_its_number() -> None:
    def reading(steal_s: float | None, exceeded: dict[str, int] | None) -> MachineReading:
        return MachineReading(monotonic_s=1, busy_s=2, steal_s=steal_s, own_s=1, exceeded=exceeded)

    found = with_load(reading(1, {"bw_in": 3}), [reading(None, None), reading(2, {"bw_in": 4}), None])
    assert found == reading(3, {"bw_in": 3, "bw_in of load host 2": 4})
    assert with_load(reading(None, None), [reading(None, None)]) == reading(None, None)
    assert with_load(reading(1, None), []) == reading(1, None)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("beside", [True, False])
def test_on_another_machine_generators_share_no_core_with_the_servers(tmp_path: Path, *, beside: bool) -> None:
    """Whether they are on a load host or here: both are this machine after all."""
    with far(tmp_path, []) as there:
        load = [there] if beside else []
        with SshHost(there.site.connection._to, provisions=False, lock=LOCK, load=load) as machine:
            cores = cores_of(there.identity["cpus"], there.identity["siblings"])
            firsts = tuple(min(core) for core in cores) if len(cores) > 1 else ()
            assert (machine.placement.generator_cpus, machine.placement.owns_core) == (firsts, True)
        assert there.cores == cores


@pytest.mark.usefixtures("elsewhere")
def test_nothing_is_done_to_a_machine_on_which_another_run_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def see_to_system(connection: Connection, _: Survey) -> dict[str, list[str]]:
        done.append(connection.name)
        return {"changed": [], "refused": []}

    monkeypatch.setattr(provisioning, "see_to_system", see_to_system)
    lock = f"{LOCK}-site"
    with asyncsshd(tmp_path) as at:
        with site(at, provisions=False, tell=print) as there, Hold(there, lock):
            machine = SshHost(at, exclusive=True, lock=lock)
            machine._here = LocalHost()  # which would hold it first: it is this machine after all
            with pytest.raises(HostError, match=r"`127\.0\.0\.1`: Another run is measuring"), machine:
                pass
            assert done == []
        with site(at, provisions=True, tell=print, lock=lock):
            assert done == ["127.0.0.1"]


def generators_of(there: LoadHost) -> list[psutil.Process]:
    """Those that run there: it is this machine after all."""
    return [one for one in psutil.process_iter() if _runs(one, there.site.found.base)]


def _runs(one: psutil.Process, base: str) -> bool:
    with suppress(psutil.Error):
        runs = any("harness.engines" in word for word in one.cmdline())
        return runs and one.environ().get("PYTHONPATH", "").startswith(base)
    return False
