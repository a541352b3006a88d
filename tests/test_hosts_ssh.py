"""A machine behind SSH as a host: over a real sshd, in a network namespace where the network matters."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness import block, campaign, prepare, store, verify
from harness.catalog import ROOT
from harness.cli import steps
from harness.errors import HostError, InputError, LaunchError, LostError
from harness.hosts.local import LocalHost
from harness.hosts.openssh import Connection, SshAddress
from harness.hosts.refusals import refusal
from harness.hosts.ssh import SshHost
from harness.model import App, Contender, Deployment
from tests.benching import LOCK, bench, command, environment, run_folder, wait_for
from tests.launching import ASKED, LIMITS, PYTHON, SERVER, alive, gone
from tests.lending import lend_environment
from tests.sshd import NEEDED, Machine, Sshd, free_port, key_agent, network, sshd

pytestmark = [NEEDED, pytest.mark.machines]
SHORT = ("--quick", "--blocks", "2", "--rounds", "2", "--starts", "1", "--connections", "10", "--duets", "0")
YARDSTICKS = ("--contenders", "null,control", "--reference", "null")


@pytest.fixture(scope="module")
def machines() -> Iterator[list[Machine]]:
    """One for the contenders, two for the load."""
    with network(3) as found:
        yield found


@pytest.fixture(scope="module")
def net(machines: list[Machine]) -> Machine:
    return machines[0]


@pytest.fixture(scope="module")
def there(net: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A machine on a network of its own."""
    with sshd(tmp_path_factory.mktemp("there"), net.address, net.inside) as found:
        yield found


def host(at: Sshd, **more: Any) -> SshHost:
    return SshHost(at.address, **{"provisions": False, "lock": LOCK, **more})


def trap(folder: Path, script: str = "serve()") -> Contender:
    (folder / "apps" / "trap").mkdir(parents=True)
    (folder / "apps" / "trap" / "serve.py").write_text(SERVER.replace('"127.0.0.1"', "sys.argv[2]") + script)
    deployment = Deployment(command=("{python}", "serve.py", "{port}", "{host}"))
    app = App(name="trap", folder=folder / "apps" / "trap", title="Trap", deployments={"plain": deployment})
    return Contender(label="trap@plain", app=app, deployment_name="plain")


def test_a_server_listens_at_its_host_s_own_address_and_nothing_of_it_is_left_afterwards(
    there: Sshd, net: Machine, tmp_path: Path
) -> None:
    app = trap(tmp_path, "print('hello from there', flush=True); serve()")
    with (
        host(there, exclusive=True) as machine,
        machine.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 20) as server,
    ):
        facts = server.launched
        assert facts.host == net.address
        socket.create_connection((facts.host, facts.port), timeout=5).close()
        assert server.usage().cpu_s > 0
        assert facts.enforcement.held["cpus"] == list(LIMITS.cpus)
        assert machine.fingerprint()["identity"]["reached"] == "ssh"
        reading = machine.reading()
        assert reading.own_s is not None
        assert reading.own_s >= server.cpu_s() * 0.5, "what runs behind SSH is our own work, not foreign"
    assert gone(facts.pid)
    assert (tmp_path / "log").read_text().startswith("hello from there\n")
    assert facts.log == str(tmp_path / "log")
    assert list((there.cache / "work").iterdir()) == []
    wait_for(lambda: there.sessions() == [], 10)


def test_what_only_the_harness_asks_goes_through_the_connection(there: Sshd, tmp_path: Path) -> None:
    with host(there) as machine:
        asked = prepare.Asked(contenders=["null"])
        entry = prepare.enter(asked)
        field = prepare.field_of(entry, prepare.plan(entry, asked, machine.placement), machine, tmp_path)
        with block.launch(field, "null", "log") as server:
            door = server.door()
            assert door[0] == "127.0.0.1"
            assert door == server.door(), "it is opened once"
            assert verify.broken(*door, field.scenario, 10) == ()
        with pytest.raises(OSError, match=r"."):
            socket.create_connection(door, timeout=1)


def test_a_keeper_of_services_stays_on_the_loopback_there(there: Sshd, tmp_path: Path) -> None:
    app = trap(tmp_path)
    keeper = app.model_copy(update={"app": app.app.model_copy(update={"role": "services"})})
    with host(there) as machine, machine.launch(keeper, PYTHON, ASKED, LIMITS, tmp_path / "log", 20) as server:
        assert server.launched.host == "127.0.0.1"
        socket.create_connection(server.door(), timeout=5).close()


def test_a_failed_launch_is_told_with_the_log_that_was_brought_here(there: Sshd, tmp_path: Path) -> None:
    app = trap(tmp_path, "print('no database', flush=True); sys.exit(3)")
    with (
        host(there) as machine,
        pytest.raises(LaunchError) as caught,
        machine.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 20),
    ):
        pass
    assert caught.value.hint == f"Its log is {tmp_path / 'log'}; last line: no database."
    assert (tmp_path / "log").read_text() == "no database\n"


def test_kept_logs_lie_where_it_says(there: Sshd, tmp_path: Path) -> None:
    said: list[str] = []
    with (
        host(there, keep=True, tell=said.append) as machine,
        machine.launch(trap(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 20),
    ):
        pass
    (kept,) = said
    folder = there.cache / "work" / Path(kept.rpartition(" ")[2]).name
    assert [path.name for path in folder.iterdir()] == ["0.log"]
    (folder / "0.log").unlink()
    folder.rmdir()


def test_the_same_files_are_sent_once_and_a_changed_one_is_another_place(there: Sshd, tmp_path: Path) -> None:
    app = trap(tmp_path).app.folder
    (app / "__pycache__").mkdir()
    (app / "__pycache__" / "serve.pyc").touch()
    with host(there) as machine:
        first = machine._site.shelf.put(app)
    with host(there) as machine:
        assert machine._site.shelf.put(app) == first
        sent = machine._site.connection.run(f"cd {first} && find . -type f")
        assert sent == "./serve.py\n"
    (app / "serve.py").write_text("other")
    with host(there) as machine:
        assert machine._site.shelf.put(app) != first


def test_a_machine_is_made_fit_once_and_the_second_time_nothing_is_changed(there: Sshd) -> None:
    own = Path("/proc/sys/net/core/somaxconn").read_text()
    said: list[str] = []
    for _ in range(2):
        with host(there, provisions=True, tell=said.append) as machine:
            queue, limits = machine._site.connection.run(
                "cat /proc/sys/net/core/somaxconn; ls /etc/security/limits.d /etc/sysctl.d | grep -c rematch"
            ).split()
            assert (queue, limits) == ("16384", "2")
    assert [line.partition(" on ")[0] for line in said] == ["changed"]
    assert "file limits" in said[0]
    assert Path("/proc/sys/net/core/somaxconn").read_text() == own, "only the namespace's own was changed"
    assert not Path("/etc/sysctl.d/60-rematch.conf").exists()


def wrong(at: Sshd, **changes: Any) -> HostError:
    with pytest.raises(HostError) as caught, Connection(at.otherwise(**changes)):
        pass
    return caught.value


def test_every_way_in_which_nobody_is_let_in_is_said_with_what_to_do(there: Sshd, tmp_path: Path) -> None:
    other = there.folder / "other"
    if not other.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    changed, none = tmp_path / "changed", tmp_path / "none"
    name = f"[{there.address.name}]:{there.address.port}"
    changed.write_text(f"{name} {other.with_suffix('.pub').read_text()}")
    none.touch()
    assert "no SSH server listens" in wrong(there, port=free_port()).message
    assert "refuses every key" in wrong(there, key=other).message
    assert "ssh-copy-id" in wrong(there, key=other).hint
    assert "has changed" in wrong(there, known_hosts=changed).message
    assert "is not known" in wrong(there, known_hosts=none).message
    assert "--known-hosts" in wrong(there, known_hosts=none).hint
    assert "no such name" in wrong(there, name="n" * 64).message, "longer than a name may be, so nobody is asked for it"


def test_a_full_disk_there_is_said_as_such(net: Machine, tmp_path: Path) -> None:
    (tmp_path / "big" / "apps" / "app").mkdir(parents=True)
    (tmp_path / "big" / "apps" / "app" / "noise").write_bytes(os.urandom(1 << 20))
    with (
        sshd(tmp_path / "sshd", net.address, net.inside, room="512k") as full,
        host(full) as machine,
        pytest.raises(HostError, match="is full") as caught,
    ):
        machine._site.shelf.put(tmp_path / "big" / "apps" / "app")
    assert "df -h" in caught.value.hint


def test_a_connection_that_is_cut_is_lost_until_the_next_launch_which_finds_the_host_again(
    there: Sshd, tmp_path: Path
) -> None:
    said: list[str] = []
    app = trap(tmp_path)
    with host(there, exclusive=True, tell=said.append) as machine:
        with machine.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 20) as server:
            for pid in there.sessions():
                os.kill(pid, signal.SIGKILL)
            assert gone(server.launched.pid), "who loses its harness ends its servers"
            with pytest.raises(LostError, match="agent"):
                server.usage()
        with machine.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 20) as server:
            assert server.usage().cpu_s > 0
    assert [line.rpartition(" ")[2] for line in said] == ["again", "again"]
    assert gone(server.launched.pid)


def test_where_the_network_is_cut_the_agent_hears_nothing_any_more_and_ends_all_that_it_launched(
    net: Machine, there: Sshd, tmp_path: Path
) -> None:
    with (
        host(there, silence_s=3) as machine,
        machine.launch(trap(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "log", 20) as server,
    ):
        time.sleep(4)
        assert alive(server.launched.pid), "it hears of us even while nothing is asked"
        subprocess.run(["ip", "link", "set", net.cable, "down"], check=True)
        try:
            assert gone(server.launched.pid, within_s=15)
        finally:
            subprocess.run(["ip", "link", "set", net.cable, "up"], check=True)


def measured(at: Sshd, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    reached = ("--host", at.url, "--known-hosts", str(at.known_hosts), "--out", str(out))
    with key_agent(at) as found:
        done: subprocess.CompletedProcess[str] = bench("run", *SHORT, *YARDSTICKS, *reached, *more, **found)
        return done


def test_a_run_over_ssh_has_all_that_a_run_has_and_says_that_it_was_one(there: Sshd, tmp_path: Path) -> None:
    done = measured(there, tmp_path)
    assert done.returncode == 0, done.stderr
    read = store.read(run_folder(tmp_path))
    assert read.head.fingerprint.identity["reached"] == "ssh"
    assert "elsewhere" in read.head.digests
    assert read.head.command is not None
    assert "ssh://HOST" in read.head.command, "who reads a run need not know the address"
    assert there.url not in (run_folder(tmp_path) / "run.json").read_text()
    assert all(turn.failure is None for turn in read.turns), [turn.failure for turn in read.turns]


def test_a_run_whose_connection_is_cut_goes_on_with_the_block_that_it_was_at(there: Sshd, tmp_path: Path) -> None:
    with key_agent(there) as found:
        reached = ("--host", there.url, "--known-hosts", str(there.known_hosts))
        running = subprocess.Popen(
            command("run", *SHORT, *YARDSTICKS, *reached, "--out", str(tmp_path), "--rounds", "20"),
            env=environment(**found),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            wait_for(lambda: any('"round":3' in path.read_text() for path in tmp_path.glob("*/outcomes.jsonl")))
            for pid in there.sessions():
                os.kill(pid, signal.SIGKILL)
            _, said = running.communicate(timeout=100)
        finally:
            running.kill()
            running.wait()
    assert running.returncode == 0, said
    assert "was lost" in said
    read = store.read(run_folder(tmp_path))
    assert sorted(one.block for one in read.finished) == [0, 1]
    assert {one.attempt for one in read.outcomes} == {1, 2}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing_running_there(there: Sshd, tmp_path: Path, number: signal.Signals) -> None:
    with key_agent(there) as found:
        reached = ("--host", there.url, "--known-hosts", str(there.known_hosts))
        running = subprocess.Popen(
            command("run", *SHORT, *YARDSTICKS, *reached, "--out", str(tmp_path), "--rounds", "1000"),
            env=environment(**found),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: any(tmp_path.glob("*/outcomes.jsonl")))
            running.send_signal(number)
            assert running.wait(30) == (130 if number == signal.SIGINT else -number)
        finally:
            running.kill()
            running.wait()
        wait_for(lambda: there.sessions() == [], 20)
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(there.cache).encode() in _read(path)]


def test_environments_are_made_there_by_hash_from_the_same_locks(tmp_path: Path) -> None:
    with sshd(tmp_path) as near, key_agent(near) as found:
        reached = ("--host", near.url, "--known-hosts", str(near.known_hosts), "--scenario", "json")
        for _ in range(2):
            done = bench("verify", "bare_wsgi", *reached, **found)
            assert done.returncode == 0, done.stderr
            assert "keeps the contract" in done.stdout
        assert "environments to make" not in done.stderr, "the second time they are there"
        names = sorted(path.name.rpartition("-")[0] for path in (near.cache / "environments").iterdir())
        assert [name.partition("-")[0] for name in names] == ["bare_wsgi", "uv"]


def test_the_load_may_come_from_machines_of_its_own_in_step(
    machines: list[Machine], there: Sshd, tmp_path: Path
) -> None:
    """All four share this machine's CPUs and clock; the pipes, the address and the starting are those of machines."""
    with ExitStack() as stack:
        at = [
            stack.enter_context(
                sshd(tmp_path / one.cable, one.address, one.inside, tmp_path / "cache", keys=there.folder)
            )
            for one in machines[1:]
        ]
        known = tmp_path / "known"
        known.write_text("".join(one.known_hosts.read_text() for one in (there, *at)))
        load = [word for one in at for word in ("--load-host", one.url)]
        lend_environment(at[0].address, tmp_path / "cache")
        done = measured(there, tmp_path / "runs", *load, "--known-hosts", str(known))
    assert done.returncode in {0, 3}, done.stderr
    read = store.read(run_folder(tmp_path / "runs"))
    assert len(read.head.fingerprint.identity["load_hosts"]) == 2
    assert {len(turn.recording.generators) for turn in read.turns if turn.recording} == {2}
    assert all(turn.failure is None for turn in read.turns), [turn.failure for turn in read.turns]


def test_the_services_beside_the_apps_run_there_and_are_told_what_to_do_through_the_connection(
    net: Machine, tmp_path: Path
) -> None:
    """In a namespace there is no registry: the environments of this machine are lent."""
    asked = prepare.Asked(scenario="signup", contenders=["flask@gthread"], yardsticks=())
    entry = prepare.enter(asked)
    steps.make_environments(LocalHost(), entry.apps)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "environments").symlink_to((ROOT / ".environments").resolve())
    with sshd(tmp_path / "sshd", net.address, net.inside, tmp_path / "cache") as at, host(at) as machine:
        plan = prepare.plan(entry, asked, machine.placement)
        field = prepare.field_of(entry, plan, machine, tmp_path / "logs")
        assert dict(campaign.rehearse(field)) == {"flask@gthread": ()}
    assert (tmp_path / "logs" / "rehearsal-services.log").exists(), "it was brought here"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh://host", SshAddress("host")),
        ("ssh://me@host.example:2222", SshAddress("host.example", "me", 2222)),
        ("ssh://10.0.0.1/", SshAddress("10.0.0.1")),
    ],
)
def test_an_address_is_read_as_ssh_itself_would(text: str, expected: SshAddress) -> None:
    assert SshAddress.parse(text) == expected


@pytest.mark.parametrize("text", ["ssh://", "ssh://-oProxyCommand=x", "ssh://-x@host", "ssh://host:0", "host"])
def test_what_is_no_address_is_refused_before_anything_is_started(text: str) -> None:
    with pytest.raises(InputError, match="names no host"):
        SshAddress.parse(text)


def test_a_host_of_no_known_kind_is_refused() -> None:
    done = bench("doctor", "--host", "telnet://there")
    assert done.returncode == 2
    assert "is no host" in done.stderr


def test_what_ssh_says_first_is_the_cause() -> None:
    said = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed."
    assert "has changed" in refusal("host", said).message
    assert (
        refusal("host", "Bad configuration option: x").message == "`host` cannot be used: Bad configuration option: x."
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
