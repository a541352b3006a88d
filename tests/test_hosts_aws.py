"""A stack is made and removed at moto's server, interrupted at every step, refused in every way; nothing is left."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import boto3
import pytest

from harness.errors import HostError, InputError
from harness.hosts.aws import account, costs, keys
from harness.hosts.aws.cloud import Cloud
from harness.hosts.aws.stacks import Wish
from tests import amazon
from tests.amazon import refusal, refusal_of_ec2
from tests.test_infra_stack import TEMPLATE

WISH = Wish(hours=2, caller="203.0.113.7")
EXPIRED = dict.fromkeys(
    ["DeleteStack", "DescribeStacks", "DescribeStackEvents", "DescribeStackResources"],
    refusal("ExpiredToken", "The security token included is expired", 403),
)


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with amazon.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def door(moto):
    amazon.reset(moto)
    with amazon.door(moto) as found:
        yield found


@pytest.fixture
def said():
    return []


@pytest.fixture
def cloud(door, tmp_path, monkeypatch, said):
    amazon.lend(monkeypatch, door.url, tmp_path)
    return Cloud(tmp_path / "keys", TEMPLATE, said.append)


def reached(_stack):
    """Whoever was asked for is there."""


def groups(cloud):
    return [one for one in cloud.ec2.describe_security_groups()["SecurityGroups"] if one["GroupName"] != "default"]


def left(cloud):
    """All of ours that AWS still has, machines that run included."""
    found = cloud.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}])
    stacks = [one["StackName"] for one in cloud.stacks.describe_stacks()["Stacks"]]
    return [*stacks, *groups(cloud), *(one for each in found["Reservations"] for one in each["Instances"])]


def told(cloud, machine):
    """What a machine is told at its first start."""
    found = cloud.ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="userData")["UserData"]["Value"]
    text = base64.b64decode(found).decode()
    while not text.startswith("#cloud-config\n"):  # moto encodes what is encoded already
        text = base64.b64decode(text).decode()
    return json.loads(text.removeprefix("#cloud-config\n"))


def test_inside_two_machines_run_in_one_zone_and_after_it_nothing_is_left(cloud):
    with cloud.made(WISH, reached) as stack:
        assert sorted(cloud.running(stack)) == sorted(machine.id for machine in stack.machines.values())
        found = cloud.ec2.describe_instances(InstanceIds=cloud.running(stack))["Reservations"]
        machines = [one for each in found for one in each["Instances"]]
        assert {one["InstanceType"] for one in machines} == {"t3.medium", "c6i.xlarge"}
        assert len({one["Placement"]["AvailabilityZone"] for one in machines}) == 1
        assert {one["ImageId"] for one in machines} == {"ami-0000000000000newer"}
        assert cloud.all() == [stack]
    assert left(cloud) == []
    assert cloud.running(stack) == []
    assert not cloud.keys_of(stack).exists()


def test_each_machine_is_given_the_key_that_it_must_show_and_the_hour_of_its_end(cloud):
    with cloud.made(WISH, reached) as stack:
        known = (cloud.keys_of(stack) / keys.KNOWN_HOSTS).read_text().splitlines()
        for line, machine in zip(known, stack.machines.values(), strict=True):
            given = told(cloud, machine)
            assert line == f"{machine.public} {' '.join(given['ssh_keys']['ed25519_public'].split()[:2])}"
            assert public_part(given["ssh_keys"]["ed25519_private"], cloud.keys_of(stack)) == line.partition(" ")[2]
            timer = next(one for one in given["write_files"] if one["path"].endswith(".timer"))
            assert f"OnCalendar={stack.expires_at}\n" in timer["content"]
            assert given["ssh_authorized_keys"] == [(cloud.keys_of(stack) / "identity.pub").read_text().strip()]
        assert len(set(known)) == 2


def public_part(private, folder):
    """The public key that belongs to a private one."""
    file = folder / "copy"
    file.touch(mode=0o600)
    file.write_text(private)
    shown = subprocess.check_output(["ssh-keygen", "-y", "-f", str(file)], text=True)
    return " ".join(shown.split()[:2])


def test_keys_are_nobody_elses(cloud):
    with cloud.made(WISH, reached) as stack:
        assert cloud.keys_of(stack).stat().st_mode & 0o777 == 0o700
        assert (cloud.keys_of(stack) / keys.IDENTITY).stat().st_mode & 0o777 == 0o600


@pytest.fixture
def ends_by_signal():
    """SIGTERM as ./bench takes it."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("ends_by_signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["before-call", "after-call"])
@pytest.mark.parametrize("times", [1, 2])
def test_interrupted_at_any_call_nothing_is_left(cloud, moment, number, times):
    step, done = 0, False
    while not done:
        step += 1
        with interrupted(cloud, moment, range(step, step + times), number):
            try:
                with cloud.made(WISH, reached):
                    pass
                done = True
            except (KeyboardInterrupt, SystemExit):
                pass
        assert left(cloud) == [], f"after step {step}"
    assert step > 7


@contextmanager
def interrupted(cloud, moment, steps, number):
    """At these calls to AWS a signal comes: before one is sent, or when its answer is there."""
    counted = Counter()

    def count(**_):
        counted["calls"] += 1
        if counted["calls"] in steps:
            signal.raise_signal(number)

    for client in (cloud.stacks, cloud.removing, cloud.ec2):
        client.meta.events.register(moment, count)
    try:
        yield
    finally:
        for client in (cloud.stacks, cloud.removing, cloud.ec2):
            client.meta.events.unregister(moment, count)


def test_interrupted_while_it_says_so_it_removes_all_the_same(cloud, monkeypatch):
    def interrupted(message):
        if message.startswith("removing"):
            raise KeyboardInterrupt

    monkeypatch.setattr(cloud, "_say", interrupted)
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached):
        raise ValueError
    assert left(cloud) == []


def test_interrupted_after_a_good_run_but_before_the_removal_is_asked_for_nothing_is_left(cloud, monkeypatch):
    ask = cloud._ask_to_remove

    def interrupted(_name):
        monkeypatch.setattr(cloud, "_ask_to_remove", ask)
        raise KeyboardInterrupt

    monkeypatch.setattr(cloud, "_ask_to_remove", interrupted)
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached):
        pass
    assert left(cloud) == []


@pytest.mark.parametrize("refused", [False, True])
def test_interrupted_while_removing_it_says_that_aws_removes_it_only_if_aws_said_so(cloud, door, said, refused):
    if refused:
        door.answers["DeleteStack"] = EXPIRED["DeleteStack"]
    cloud.removing.meta.events.register("before-call", lambda **_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached) as stack:
        pass
    assert door.actions.count("DeleteStack") == 1
    assert ("is being removed by AWS" in said[-1]) is not refused
    assert (f"{stack.name} is NOT REMOVED" in said[-1]) is refused
    assert (f"./bench host down {stack.name}" in said[-1]) is refused


def test_interrupted_again_and_again_while_aws_takes_its_time_the_removal_is_asked_for_once(cloud, door, said):
    def interrupt():
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)

    door.meanwhile["DeleteStack"] = interrupt
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached):
        raise KeyboardInterrupt
    assert door.actions.count("DeleteStack") == 1
    assert "is being removed by AWS" in said[-1]
    assert left(cloud) == []


def test_interrupted_while_it_looks_what_is_left_it_says_that_nothing_is_known_to_be_removed(cloud, door, said):
    door.answers["DeleteStack"] = EXPIRED["DeleteStack"]
    cloud.stacks.meta.events.register(
        "before-call.cloudformation.DescribeStackResources", lambda **_: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached) as stack:
        pass
    assert f"{stack.name} is NOT REMOVED" in said[-1]


def test_to_ask_for_a_removal_takes_half_a_minute_at_most(cloud):
    config = cloud.removing.meta.config
    assert config.retries["total_max_attempts"] * max(config.connect_timeout, config.read_timeout) < 30


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, HostError])
def test_interrupted_while_the_machines_start_or_are_used_nothing_is_left(cloud, kind):
    def ended(_stack):
        raise kind("while they start")

    with pytest.raises(kind), cloud.made(WISH, ended):
        pass
    assert left(cloud) == []
    with pytest.raises(kind), cloud.made(WISH, reached):
        raise kind("in use")
    assert left(cloud) == []


def test_what_is_to_be_kept_stays_until_it_is_removed_but_not_if_it_failed(cloud):
    with pytest.raises(KeyboardInterrupt), cloud.made(WISH, reached, keep=True):
        raise KeyboardInterrupt
    assert left(cloud) == []
    with cloud.made(WISH, reached, keep=True) as stack:
        pass
    assert len(cloud.running(stack)) == 2
    cloud.remove(stack.name)
    assert left(cloud) == []
    cloud.remove(stack.name)


def test_stacks_of_others_are_not_ours(cloud):
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x"}}
    cloud.stacks.create_stack(StackName="rematch-not-ours", TemplateBody=json.dumps({"Resources": {"Group": group}}))
    assert cloud.all() == []


@pytest.mark.parametrize(
    ("action", "answer", "message", "hint"),
    [
        ("DescribeImages", refusal_of_ec2("RequestExpired", "Request has expired."), "RequestExpired", "Get new ones"),
        ("DescribeImages", refusal_of_ec2("AuthFailure", "not valid", 401), "AuthFailure", "AWS_PROFILE"),
        ("DescribeSubnets", refusal_of_ec2("UnauthorizedOperation", "no", 403), "Unauthorized", "infra/README.md"),
        ("CreateStack", refusal("ExpiredToken", "The security token included is expired", 403), "expired", "Get new"),
        ("CreateStack", refusal("LimitExceededException", "Limit for stack"), "Limit", "remove some"),
    ],
)
def test_what_aws_refuses_is_said_with_a_hint(cloud, door, action, answer, message, hint):
    door.answers[action] = answer
    with pytest.raises(HostError, match=message) as raised, cloud.made(WISH, reached):
        pass
    assert hint in raised.value.hint
    assert left(cloud) == []


@pytest.mark.usefixtures("cloud")
def test_without_credentials_or_a_region_nothing_is_asked(door, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(HostError, match="no credentials") as raised:
        Cloud(tmp_path, TEMPLATE, print).all()
    assert "AWS_PROFILE" in raised.value.hint
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(HostError, match="region"):
        Cloud(tmp_path, TEMPLATE, print)
    assert door.actions == []


def test_aws_that_cannot_be_reached_is_said(monkeypatch, tmp_path):
    amazon.lend(monkeypatch, f"http://127.0.0.1:{amazon.free_port()}", tmp_path)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(HostError, match="cannot be reached") as raised:
        Cloud(tmp_path, TEMPLATE, print).all()
    assert "online" in raised.value.hint


FAILED = """<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>rematch-x</StackName>
<StackId>id</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>
<Parameters><member><ParameterKey>AppsType</ParameterKey><ParameterValue>t3.medium</ParameterValue></member>
<member><ParameterKey>LoadType</ParameterKey><ParameterValue>c6i.xlarge</ParameterValue></member></Parameters>
<Tags><member><Key>rematch-expires</Key><Value>2026-01-01 02:00:00 UTC</Value></member></Tags>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
ONE_GROUP = """<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member>
<LogicalResourceId>AppsGroup</LogicalResourceId><PhysicalResourceId>sg-1</PhysicalResourceId>
<ResourceType>AWS::EC2::SecurityGroup</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp>
<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResources></DescribeStackResourcesResult>
</DescribeStackResourcesResponse>"""
STILL_THERE = {"DescribeStackResources": (200, ONE_GROUP)}
EVENT = """<member><StackId>id</StackId><EventId>{at}</EventId><StackName>x</StackName>
<LogicalResourceId>{name}</LogicalResourceId><Timestamp>2026-01-01T00:00:0{at}Z</Timestamp>
<ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason></member>"""
EVENTS = """<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{events}</StackEvents>
</DescribeStackEventsResult></DescribeStackEventsResponse>"""


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("You have requested more vCPU capacity than your current vCPU limit of 5 allows", "Service Quotas"),
        ("We currently do not have sufficient t3.medium capacity in the zone", "try again later"),
    ],
)
def test_a_stack_that_fails_half_way_says_what_failed_first_and_is_removed(cloud, door, reason, hint):
    events = [("Load", 3, "Resource creation cancelled"), ("Apps", 2, reason)]
    listed = "".join(EVENT.format(name=name, at=at, reason=why) for name, at, why in events)
    door.once["DescribeStacks"] = (200, FAILED.format(status="ROLLBACK_COMPLETE"))
    door.answers["DescribeStackEvents"] = (200, EVENTS.format(events=listed))
    with pytest.raises(HostError) as raised, cloud.made(WISH, reached):
        pass
    assert f"Apps: {reason}" in raised.value.message
    assert hint in raised.value.hint
    assert "DeleteStack" in door.actions
    assert left(cloud) == []


def test_what_cannot_be_removed_is_named_with_its_price_and_its_end(cloud, door, said):
    may_not = refusal("AccessDenied", "may not delete", 403)

    def ended(_stack):
        door.answers["DeleteStack"] = may_not
        raise ValueError("the first error")

    with pytest.raises(ValueError, match="the first error"), cloud.made(WISH, ended):
        pass
    (stack,) = cloud.all()
    machine = stack.machines["apps"]
    loud = said[-1]
    assert f"{stack.name} is NOT REMOVED" in loud
    assert machine.id in loud
    assert f"costs {costs.hourly(['t3.medium', 'c6i.xlarge']):.2f} USD an hour until {stack.expires_at}" in loud
    assert f"./bench host down {stack.name}" in loud
    assert cloud.keys_of(stack).exists()
    with pytest.raises(HostError, match="NOT REMOVED"):
        cloud.remove(stack.name)
    door.answers.clear()
    cloud.remove(stack.name)
    assert left(cloud) == []


@pytest.mark.parametrize("kind", [ValueError, None])
def test_where_aws_cannot_be_asked_what_is_left_is_unknown_and_probably_costs(cloud, door, said, kind):
    def expire():
        door.answers |= EXPIRED
        if kind:
            raise kind

    with pytest.raises(kind or HostError) as raised, cloud.made(WISH, reached) as stack:
        expire()
    loud = said[-1] if kind else f"{raised.value.message} {raised.value.hint}"
    price = costs.hourly(["t3.medium", "c6i.xlarge"])
    assert f"{stack.name} is NOT REMOVED" in loud
    assert f"unknown, it probably costs {price:.2f} USD an hour until {stack.expires_at}" in loud
    assert "costs nothing" not in loud
    assert all(machine.id in loud.partition("terminate-instances")[2] for machine in stack.machines.values())
    assert f"aws cloudformation delete-stack --stack-name {stack.name}" in loud


def test_of_machines_that_may_have_been_made_the_price_is_said_though_nobody_knows_their_ids(cloud, door, said):
    door.answers |= EXPIRED
    with pytest.raises(HostError, match="the wait for the machines"), cloud.made(WISH, reached):
        pass
    assert "it probably costs 0.2" in said[-1]
    assert "UTC" in said[-1]
    assert "terminate-instances" not in said[-1]


def test_what_nobody_knows_costs_unknown(cloud, door):
    door.answers |= EXPIRED
    with pytest.raises(HostError, match=r"NOT REMOVED.*costs unknown"):
        cloud.remove("rematch-1a2b")


@pytest.mark.parametrize(
    ("status", "cost"),
    [("CREATE_IN_PROGRESS", "costs nothing yet, but AWS is still making"), ("CREATE_FAILED", "costs nothing.")],
)
def test_a_stack_without_machines_yet_says_so(cloud, door, status, cost):
    door.answers["DeleteStack"] = refusal("AccessDenied", "may not delete", 403)
    door.answers["DescribeStacks"] = (200, FAILED.format(status=status))
    door.answers |= STILL_THERE
    with pytest.raises(HostError, match="NOT REMOVED: AppsGroup sg-1 is left") as raised:
        cloud.remove("rematch-x")
    assert cost in raised.value.message


def test_what_is_gone_is_removed_even_where_its_removal_is_refused(cloud, door):
    door.answers["DeleteStack"] = refusal("AccessDenied", "may not delete", 403)
    cloud.remove("rematch-1a2b")


def test_a_removal_that_fails_at_aws_is_no_removal(cloud, door):
    with pytest.raises(HostError, match="NOT REMOVED"), cloud.made(WISH, reached) as stack:
        door.answers |= {"DescribeStacks": (200, FAILED.format(status="DELETE_FAILED")), **STILL_THERE}
    door.answers.clear()
    cloud.remove(stack.name)
    assert left(cloud) == []


def test_no_image_and_no_network_are_said(cloud, door):
    ec2 = cloud.ec2
    with pytest.raises(HostError, match="No zone of this region has"):
        account.place(ec2, ["t3.nonsense"], None)
    assert account.place(ec2, ["t3.medium"], "ami-000000000000ubuntu").image == "ami-000000000000ubuntu"
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    with pytest.raises(HostError, match="no default network") as raised:
        account.place(ec2, ["t3.medium"], None)
    assert "create-default-vpc" in raised.value.hint
    door.answers["DescribeImages"] = (200, "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>")
    with pytest.raises(HostError, match="no Debian"):
        account.place(ec2, ["t3.medium"], None)


@pytest.mark.parametrize("text", ["203.0.113.7", "203.0.113.7/32", " 203.0.113.7\n"])
def test_the_callers_address_is_a_network_of_one(text):
    assert account.own_address(text) == "203.0.113.7/32"


@pytest.mark.parametrize("text", ["0.0.0.0/0", "203.0.113.0/24", "2001:db8::1", "<html>", "203.0.113"])
def test_ssh_is_opened_to_nothing_wider(text):
    with pytest.raises(InputError, match="not one IPv4 address"):
        account.own_address(text)


def test_who_does_not_tell_the_callers_address_is_an_error(moto):
    with pytest.raises(HostError, match="does not say") as raised:
        account.own_address(None, f"http://127.0.0.1:{amazon.free_port()}/")
    assert "--from" in raised.value.hint
    with pytest.raises((HostError, InputError)):
        account.own_address(None, f"{moto}/moto-api/")


def test_nothing_that_boto3_is_told_here_leads_off_this_machine(cloud):
    for client in (cloud.stacks, cloud.ec2, boto3.Session().client("cloudwatch", region_name="us-east-1")):
        assert client.meta.endpoint_url.startswith("http://127.0.0.1:")
