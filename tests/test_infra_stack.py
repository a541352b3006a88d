"""infra/stack.yaml: what AWS's own linter says of it, and what it promises of the two machines."""

import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.decode import decode  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "infra" / "stack.yaml"


@pytest.fixture(scope="module")
def template():
    found, problems = decode(str(TEMPLATE))
    assert not problems
    return found


@pytest.fixture(scope="module", params=["Apps", "Load"])
def machine(request, template):
    return template["Resources"][request.param]["Properties"]


def test_the_linter_finds_nothing():
    linter = Path(sys.executable).parent / "cfn-lint"
    found = subprocess.run(
        [linter, "--include-checks", "I", "--", TEMPLATE], capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.returncode) == ("", 0)


def test_the_apps_get_a_t3_medium_that_is_never_slowed_down(template):
    assert template["Parameters"]["AppsType"]["Default"] == "t3.medium"
    assert template["Resources"]["Apps"]["Properties"]["CreditSpecification"] == {"CPUCredits": "unlimited"}


def test_each_machine_ends_for_good_when_it_shuts_down(machine):
    assert machine["InstanceInitiatedShutdownBehavior"] == "terminate"


def test_metadata_are_had_by_version_2_only_and_not_from_behind_the_machine(machine):
    assert machine["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_disks_are_encrypted_and_go_with_their_machine(machine):
    for disk in machine["BlockDeviceMappings"]:
        assert disk["Ebs"]["Encrypted"] is True
        assert disk["Ebs"]["DeleteOnTermination"] is True


def test_both_machines_are_in_one_place(template):
    machines = [template["Resources"][name]["Properties"] for name in ("Apps", "Load")]
    assert [one["SubnetId"] for one in machines] == [{"Ref": "Subnet"}] * 2


def test_ssh_is_open_to_the_caller_only_and_the_apps_to_the_load_only(template):
    rules = {
        name: one["Properties"]["SecurityGroupIngress"]
        for name, one in template["Resources"].items()
        if "Group" in name
    }
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": {"Ref": "Caller"}}
    load = {"IpProtocol": "tcp", "FromPort": 15000, "ToPort": 60999, "SourceSecurityGroupId": {"Ref": "LoadGroup"}}
    plain = {
        name: [{key: one[key] for key in one if key != "Description"} for one in found] for name, found in rules.items()
    }
    assert plain == {"AppsGroup": [ssh, load], "LoadGroup": [ssh]}
    assert "/32" in template["Parameters"]["Caller"]["AllowedPattern"]


def test_nothing_is_made_that_would_outlive_the_machines_at_a_price(template):
    assert {one["Type"] for one in template["Resources"].values()} == {"AWS::EC2::Instance", "AWS::EC2::SecurityGroup"}


def test_what_holds_a_private_key_is_not_shown_again(template):
    assert all(template["Parameters"][name]["NoEcho"] is True for name in ("AppsUserData", "LoadUserData"))
