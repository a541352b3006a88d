"""Machines that moto pretends to have made start for real: sshd, set up by nothing but their user data."""

import base64
import json
import platform
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import store
from harness.cli.hosting import KEYS
from harness.errors import HostError
from harness.hosts.aws import reaching
from harness.hosts.aws.cloud import Cloud
from harness.hosts.aws.host import AwsHost
from harness.hosts.aws.stacks import Wish
from harness.hosts.load import generator_place
from tests import amazon, sshd
from tests.benching import bench, command, environment, run_folder, wait_for
from tests.test_infra_stack import TEMPLATE

WISH = Wish(hours=1, caller="203.0.113.7")
CONFIG = """
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PATH={folder}/bin:{path}
"""
CLOUD_INIT = '#!/bin/sh\necho "$*" >>{folder}/asked\n'

pytestmark = [sshd.NEEDED, pytest.mark.machines]


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with amazon.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def cloud(moto, tmp_path, monkeypatch):
    amazon.reset(moto)
    amazon.lend(monkeypatch, moto, tmp_path)
    return Cloud(tmp_path / "keys", TEMPLATE, lambda _: None)


@pytest.fixture(scope="module")
def zone():
    """Two machines on one switch. Whatever else the addresses are that moto gives away, nothing is sent there."""
    unreachable = ("54.214.0.0/16", "198.51.100.0/24")
    with ExitStack() as stack:
        for net in unreachable:
            ip("route", "add", "unreachable", net)
            stack.callback(ip, "route", "del", "unreachable", net)
        yield stack.enter_context(sshd.network(2))


@contextmanager
def started(cloud, stack, zone, folder):
    """Both machines, at the addresses that AWS gave them."""
    with ExitStack() as running:
        for (role, machine), at in zip(stack.machines.items(), zone, strict=True):
            plug(at, machine.public, zone)
            running.enter_context(booted(at, folder / role, machine.public, told(cloud, machine)))
        yield


def plug(at, address, zone):
    """Let everybody here find that address there; all of it goes with the machine's cable."""
    ip("addr", "add", f"{address}/32", "dev", "up0", inside=at.inside)
    ip("route", "add", f"{address}/32", "via", at.address)
    for other in zone:
        if other != at:
            ip("route", "add", f"{address}/32", "via", at.address, inside=other.inside)


def ip(*words, inside=()):
    subprocess.run([*inside, "ip", *words], check=True)


def told(cloud, machine):
    found = cloud.ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="userData")["UserData"]["Value"]
    text = base64.b64decode(found).decode()
    while not text.startswith("#cloud-config\n"):  # moto encodes what is encoded already
        text = base64.b64decode(text).decode()
    return json.loads(text.removeprefix("#cloud-config\n"))


@contextmanager
def booted(at, folder, address, data):
    """Does with its user data what cloud-init would, and lets nobody in but who is named there, as `admin`."""
    (folder / "bin").mkdir(parents=True)
    (folder / "etc").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    write(folder / "host_key", data["ssh_keys"]["ed25519_private"], 0o600)
    write(folder / "authorized", "\n".join(data["ssh_authorized_keys"]), 0o600)
    write(folder / "bin" / "cloud-init", CLOUD_INIT.format(folder=folder), 0o700)
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    write(folder / "config", CONFIG.format(address=address, folder=folder, path=path), 0o600)
    etc = shlex.quote(str(folder / "etc"))
    steps = (
        f"mount -t tmpfs none {etc}",
        f"mkdir {etc}/upper {etc}/work",
        f"mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc",
        f"echo admin:x:0:0::{shlex.quote(str(folder))}:/bin/sh >>/etc/passwd",
        f"exec {sshd.SSHD} -D -e -f {shlex.quote(str(folder / 'config'))}",
    )
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*at.inside, "unshare", "--mount", "sh", "-c", " && ".join(steps)], stderr=log)
    try:
        wait_for(lambda: "Server listening" in (folder / "log").read_text() or running.poll() is not None, 10)
        assert running.poll() is None, (folder / "log").read_text()
        yield
    finally:
        running.terminate()
        running.wait()


def write(path, text, mode):
    path.touch(mode=mode)
    path.write_text(text if text.endswith("\n") else f"{text}\n")


def test_new_machines_are_reached_by_the_keys_that_they_were_given(cloud, zone, tmp_path):
    with ExitStack() as running:

        def reach(stack):
            running.enter_context(started(cloud, stack, zone, tmp_path))
            reaching.reach(stack, cloud.keys_of(stack))

        with cloud.made(WISH, reach):
            for role in ("apps", "load"):
                assert (tmp_path / role / "asked").read_text() == "status --wait\n"
    assert cloud.all() == []


def test_a_machine_that_shows_another_key_is_refused_at_once_and_the_stack_is_removed(cloud, zone, tmp_path):
    with ExitStack() as running:

        def reach(stack):
            running.enter_context(started(cloud, stack, zone, tmp_path))
            known = cloud.keys_of(stack) / "known_hosts"
            first, second = (line.split(" ", 1) for line in known.read_text().splitlines())
            known.write_text(f"{first[0]} {second[1]}\n{second[0]} {first[1]}\n")  # each as if it were the other
            reaching.reach(stack, cloud.keys_of(stack))

        with pytest.raises(HostError, match="host key"), cloud.made(WISH, reach):
            pass
    assert cloud.all() == []


def test_a_machine_that_never_answers_is_given_up(cloud, zone, tmp_path):
    plug(zone[0], "198.51.100.9", zone)

    def reach(stack):
        to = reaching.address(stack.machines["apps"], cloud.keys_of(stack))
        reaching.await_ready(replace(to, name="198.51.100.9"), "true", 0.5)

    with pytest.raises(HostError, match="cannot be reached"), cloud.made(WISH, reach):
        pass
    assert cloud.all() == []
    assert list(tmp_path.glob("keys/*")) == []


def test_its_host_tells_of_the_rented_machine_and_of_its_credits(cloud, zone, tmp_path):
    with cloud.made(WISH, lambda _: None) as stack, started(cloud, stack, zone, tmp_path):
        machine = stack.machines["apps"].id
        data = [
            {"MetricName": name, "Dimensions": [{"Name": "InstanceId", "Value": machine}], "Value": value}
            for name, value in (("CPUCreditBalance", 11.5), ("CPUSurplusCreditBalance", 2.0))
        ]
        with AwsHost(cloud, stack, provisions=False) as host:
            assert host.reading().credits is None
            cloud.watch.put_metric_data(Namespace="AWS/EC2", MetricData=data)
            had = host.reading().credits
            assert (had.balance, had.surplus, had.charged) == (11.5, 2.0, None)
            rented = host.fingerprint()["identity"]["rented"]
            assert rented == {"region": "us-east-1", "types": {"apps": "t3.medium", "load": "c6i.xlarge"}}


@contextmanager
def whoever_is_made(cloud, zone, folder):
    """Machines start as soon as somebody has made them, and end with this context."""
    over = threading.Event()

    def start():
        with ExitStack() as running:
            while not over.wait(0.2):
                for stack in cloud.all():
                    if stack.machines and not (folder / "apps").exists():
                        running.enter_context(started(cloud, stack, zone, folder))
                        lend_environment(folder / "load")

    starting = threading.Thread(target=start)
    starting.start()
    try:
        yield
    finally:
        over.set()
        starting.join()


def lend_environment(home):
    """No registry is in reach there: its generators get this environment in place of one of their own."""
    bare = f"{Path(sys.base_prefix) / 'bin' / 'python'}{sys.version_info.major}.{sys.version_info.minor}"
    known = f"{platform.python_version()} {platform.system()} {platform.machine()} {bare}"
    there = SimpleNamespace(found=SimpleNamespace(base=home / ".cache" / "rematch", interpreter=known))
    made, ours = Path(generator_place(there)), Path(sys.executable).parent.parent
    made.mkdir(parents=True)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (made / name).symlink_to(ours / name)
    (made / ".complete").touch()


def test_a_run_makes_its_machines_measures_on_them_and_removes_them(cloud, zone, tmp_path):
    with amazon.door("") as teller, whoever_is_made(cloud, zone, tmp_path):
        short = ("--quick", "--blocks", "2", "--rounds", "2", "--starts", "1", "--connections", "10", "--duets", "0")
        yardsticks = ("--contenders", "null,control", "--reference", "null")
        out = ("--out", str(tmp_path / "runs"))
        done = bench("run", "--host", "aws", *short, *yardsticks, *out, REMATCH_ADDRESS_URL=teller.url)
    assert done.returncode in {0, 3}, done.stderr
    assert "t3.medium and c6i.xlarge" in done.stderr.partition("is up, until")[0]
    assert cloud.all() == []
    run = store.read(run_folder(tmp_path / "runs"))
    assert run.head.fingerprint.identity["rented"]["types"]["apps"] == "t3.medium"
    assert len(run.head.fingerprint.identity["load_hosts"]) == 1
    assert all(turn.failure is None for turn in run.turns), [turn.failure for turn in run.turns]
    assert all((turn.recording and turn.recording.answered) for turn in run.turns)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("zone")
def test_who_ends_a_run_while_its_machines_start_leaves_none(cloud, tmp_path, number):
    with amazon.door("") as teller, (tmp_path / "said").open("w") as said:
        variables = environment(REMATCH_ADDRESS_URL=teller.url)
        running = subprocess.Popen(command("run", "--quick", "--host", "aws"), env=variables, stderr=said)
        wait_for(lambda: cloud.all() and cloud.all()[0].machines, 30)
        name = cloud.all()[0].name
        running.send_signal(number)
        running.wait(30)
    assert running.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}[number]
    assert cloud.all() == []
    assert not (KEYS / name).exists()
    assert f"removing {name}" in (tmp_path / "said").read_text()


def test_machines_that_are_kept_are_used_by_name_and_removed_when_that_is_asked(cloud, zone, tmp_path):
    with whoever_is_made(cloud, zone, tmp_path), amazon.door("") as teller:
        made = bench("host", "up", REMATCH_ADDRESS_URL=teller.url)
        assert made.returncode == 0, made.stderr
        name = made.stdout.strip()
        looked = bench("doctor", "--json", "--host", f"aws:{name}")
        assert looked.returncode == 0, looked.stderr
        assert json.loads(looked.stdout)["identity"]["rented"]["region"] == "us-east-1"
        removed = bench("host", "down")
        assert removed.returncode == 0, removed.stderr
    assert cloud.all() == []
    assert not (KEYS / name).exists()
