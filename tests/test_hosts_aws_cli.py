"""./bench host, at moto's server: what costs is said before, what is there is listed, what is removed is gone."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import prepare, store
from harness.cli import lasting
from harness.cli.hosting import KEYS
from harness.cli.places import HERE, Where, anonymous
from harness.hosts.aws import costs, keys
from harness.hosts.aws.cloud import Cloud
from harness.hosts.aws.stacks import Wish
from tests import amazon
from tests.test_infra_stack import TEMPLATE

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with amazon.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def door(moto, tmp_path, monkeypatch):
    amazon.reset(moto)
    with amazon.door(moto) as found:
        amazon.lend(monkeypatch, found.url, tmp_path)
        yield found


def bench(*words):
    return subprocess.run(
        [sys.executable, "-m", "harness", *words], cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
    )


@pytest.fixture
def stack(door, tmp_path):
    """Made by another clone."""
    assert door.actions == []
    with Cloud(tmp_path / "keys", TEMPLATE, print).made(
        Wish(2, caller="203.0.113.7"), lambda _: None, keep=True
    ) as made:
        return made


def test_a_dry_run_says_what_it_costs_and_asks_nobody(door):
    for words in (["host", "up", "--hours", "2"], ["run", "--quick", "--host", "aws", "--hours", "2"]):
        told = bench(*words, "--dry-run")
        assert told.returncode == 0, told.stderr
        assert "t3.medium and c6i.xlarge" in told.stderr
        assert "in 2 h at most" in told.stderr
    assert door.actions == []


def test_a_look_at_machines_that_are_not_there_is_refused(door):
    refused = bench("doctor", "--host", "aws")
    assert refused.returncode == 2
    assert "hint: ./bench host up makes them" in refused.stderr
    assert door.actions == []


@pytest.mark.usefixtures("door")
def test_status_of_nothing_is_nothing():
    assert bench("host", "status").stdout == "nothing of ours is in us-east-1\n"
    assert json.loads(bench("host", "status", "--json").stdout) == []


def test_status_says_what_runs_until_when_and_what_it_costs(stack):
    shown = bench("host", "status").stdout
    assert stack.name in shown
    assert f"{costs.hourly(['t3.medium', 'c6i.xlarge']):.2f}" in shown
    (told,) = json.loads(bench("host", "status", "--json").stdout)
    assert told["expires_at"] == stack.expires_at
    assert sorted(told["running"]) == sorted(machine.id for machine in stack.machines.values())


def test_down_removes_what_is_named(stack):
    assert bench("host", "down", stack.name).returncode == 0
    assert json.loads(bench("host", "status", "--json").stdout) == []


def test_down_keeps_the_keys_of_what_may_be_in_another_region(stack):
    elsewhere = KEYS / f"rematch-elsewhere-{os.getpid()}"
    elsewhere.mkdir(parents=True)
    try:
        told = bench("host", "down")
        assert (told.returncode, elsewhere.is_dir()) == (0, True)
        assert f"{elsewhere.name}, made in this clone, is not in us-east-1" in told.stderr
    finally:
        elsewhere.rmdir()
    assert stack.name in bench("host", "status").stdout, "another clone's is another's to remove"


def test_down_of_what_is_not_ours_is_refused(stack):
    refused = bench("host", "down", "production")
    assert refused.returncode == 2
    assert '"production" is no stack of Rematch' in refused.stderr
    assert stack.name in refused.stderr


def test_down_of_several_removes_those_that_are_there(stack):
    told = bench("host", "down", "rematch-gone", stack.name)
    assert told.returncode == 2
    assert '"rematch-gone" is no stack of Rematch' in told.stderr
    assert json.loads(bench("host", "status", "--json").stdout) == []


def test_a_removal_that_fails_ends_badly_and_says_how_to_go_on(stack, door):
    door.answers["DeleteStack"] = amazon.refusal("AccessDenied", "may not delete", 403)
    failed = bench("host", "down", stack.name)
    assert failed.returncode == 2
    assert "NOT REMOVED" in failed.stderr
    assert f"./bench host down {stack.name}" in failed.stderr


def test_a_removal_of_which_aws_cannot_be_asked_says_that_the_costs_are_unknown(stack, door):
    door.answers["DescribeStacks"] = amazon.refusal("ExpiredToken", "The security token is expired", 403)
    failed = bench("host", "down", stack.name)
    assert failed.returncode == 2
    assert f"{stack.name} is NOT REMOVED" in failed.stderr.replace("\n", " ")
    assert "costs unknown" in failed.stderr.replace("\n", " ")
    assert "hint: Get new ones" in failed.stderr


def test_up_that_is_refused_ends_with_a_hint(door):
    door.answers["CreateStack"] = amazon.refusal("ExpiredToken", "The security token is expired", 403)
    failed = bench("host", "up", "--from", "203.0.113.7")
    assert failed.returncode == 2
    assert "hint: Get new ones" in failed.stderr


def test_machines_whose_keys_are_elsewhere_cannot_be_used(stack):
    failed = bench("run", "--quick", "--host", f"aws:{stack.name}")
    assert failed.returncode == 2
    assert "keys" in failed.stderr


_INTERRUPTED = """
import sys
from pathlib import Path
from harness.cli import hosting
hosting.KEYS = Path(sys.argv[1])
cloud = hosting._cloud()
with cloud.made(hosting.wished(2, caller="203.0.113.7"), lambda _: None):
    sys.stdin.read()  # until nobody hears us any more
    raise KeyboardInterrupt
"""


def test_machines_are_removed_even_where_nobody_hears_of_it(door, tmp_path):
    words = [sys.executable, "-c", _INTERRUPTED, str(tmp_path / "keys")]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert b"t3.medium" in running.stderr.readline()
        running.stderr.close()
        running.stdin.close()
        assert running.wait(60) != 0
    assert "DeleteStack" in door.actions
    assert Cloud(tmp_path / "keys", TEMPLATE, print).all() == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--host", "aws", "--keep"], "./bench host up makes machines to stay"),
        (["--host", "aws", "--known-hosts", "file"], "Leave --known-hosts out"),
        (["--host", "aws", "--samples"], "Leave --samples or the hosts out"),
        (["json", "model", "--host", "aws", "--samples"], "Leave --samples or the hosts out"),
        (["--host", "aws", "--no-credits"], "Leave --no-credits out"),
        (["--host", "aws:NAME", "--hours", "2"], "Leave --hours out"),
        (["--host", "aws", "--hours", "0.5", "--blocks", "100"], "Give --hours"),
        (["--host", "aws", "--hours", "0.5", "--blocks", "100", "--dry-run"], "Give --hours"),
        (["--host", "aws", "--hours", "0.5", "--blocks", "50", "--connections", "50,100"], "Give --hours"),
    ],
)
def test_what_cannot_be_with_machines_at_aws_is_refused_before_any_is_made(door, words, hint):
    refused = bench("run", "--quick", *words)
    assert refused.returncode == 2
    assert hint in refused.stderr
    assert door.actions == []


def test_machines_that_end_before_a_run_would_are_refused(stack):
    kept = KEYS / stack.name
    kept.mkdir(parents=True)
    try:
        refused = bench("run", "--host", f"aws:{stack.name}", "--blocks", "400")
    finally:
        kept.rmdir()
    assert refused.returncode == 2
    assert "and they end in 1" in refused.stderr  # 119 minutes, or 120
    assert "./bench host up --hours" in refused.stderr


def test_of_a_run_that_is_gone_on_with_only_what_it_lacks_must_fit():
    done = store.read(ROOT / "results" / "reference" / "fair")
    asked = prepare.Asked.again(done.head.plan, ROOT)
    entry = prepare.enter(asked)
    at_aws = Where("aws")
    assert lasting.needed_s(at_aws, [(entry, asked, done)]) == pytest.approx(lasting.TO_MAKE_S, abs=10)
    assert lasting.needed_s(at_aws, [(entry, asked, None)]) > lasting.TO_MAKE_S + 60
    assert lasting.needed_s(HERE, [(entry, asked, None)]) == 0


def test_of_an_end_that_nobody_knows_nothing_is_said():
    assert keys.seconds_until("nobody knows when") == math.inf
    assert keys.seconds_until(keys.calendar(time.time() + 100)) == pytest.approx(100, abs=5)


def test_a_published_command_names_no_host_and_no_file_of_its_user():
    words = ["run", "--host=ssh://me@203.0.113.7", "--known-hosts", "/home/me/keys", "--host", "aws:rematch-1a2b"]
    assert anonymous(words) == ("run", "--host=ssh://HOST", "--known-hosts", "FILE", "--host", "aws:NAME")
    assert anonymous(["--known-hosts=/home/me/keys"]) == ("--known-hosts=FILE",)
