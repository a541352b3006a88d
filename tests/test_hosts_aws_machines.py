"""Machines that moto pretends to have made start for real: sshd, set up by nothing but their user data."""

import base64
import json
import shlex
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HostError
from harness.hosts.aws import reaching
from harness.hosts.aws.cloud import Cloud
from harness.hosts.aws.host import AwsHost
from harness.hosts.aws.stacks import Wish
from tests import amazon, sshd
from tests.benching import wait_for
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

pytestmark = sshd.NEEDED


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with amazon.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def cloud(moto, tmp_path, monkeypatch):
    amazon.reset(moto)
    for name, value in amazon.environment(moto, tmp_path).items():
        monkeypatch.setenv(name, value)
    return Cloud(tmp_path / "keys", TEMPLATE, lambda _: None)


@pytest.fixture
def zone():
    with sshd.network(7) as found:
        yield found


@contextmanager
def started(cloud, stack, zone, folder):
    """Both machines, at the addresses that AWS gave them."""
    with ExitStack() as running:
        for role, machine in stack.machines.items():
            running.enter_context(booted(zone, folder / role, machine.public, told(cloud, machine)))
        yield


def told(cloud, machine):
    found = cloud.ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="userData")["UserData"]["Value"]
    text = base64.b64decode(found).decode()
    while not text.startswith("#cloud-config\n"):  # moto encodes what is encoded already
        text = base64.b64decode(text).decode()
    return json.loads(text.removeprefix("#cloud-config\n"))


@contextmanager
def booted(zone, folder, address, data):
    """Does with its user data what cloud-init would, and lets nobody in but who is named there, as `admin`."""
    (folder / "bin").mkdir(parents=True)
    (folder / "etc").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    write(folder / "host_key", data["ssh_keys"]["ed25519_private"], 0o600)
    write(folder / "authorized", "\n".join(data["ssh_authorized_keys"]), 0o600)
    write(folder / "bin" / "cloud-init", CLOUD_INIT.format(folder=folder), 0o700)
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    write(folder / "config", CONFIG.format(address=address, folder=folder, path=path), 0o600)
    subprocess.run([*zone.inside, "ip", "addr", "add", f"{address}/32", "dev", "up0"], check=True)
    subprocess.run(["ip", "route", "add", f"{address}/32", "via", zone.address], check=True)  # it goes with the link
    etc = shlex.quote(str(folder / "etc"))
    steps = (
        f"mount -t tmpfs none {etc}",
        f"mkdir {etc}/upper {etc}/work",
        f"mount -t overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work overlay /etc",
        f"echo admin:x:0:0::{shlex.quote(str(folder))}:/bin/sh >>/etc/passwd",
        f"exec {sshd.SSHD} -D -e -f {shlex.quote(str(folder / 'config'))}",
    )
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*zone.inside, "unshare", "--mount", "sh", "-c", " && ".join(steps)], stderr=log)
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
    subprocess.run([*zone.inside, "ip", "addr", "add", "198.51.100.9/32", "dev", "up0"], check=True)
    subprocess.run(["ip", "route", "add", "198.51.100.9/32", "via", zone.address], check=True)

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
