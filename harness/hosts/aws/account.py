"""Finds what a stack needs and does not make: an image, a network, the caller's own address. It makes nothing."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from harness.errors import HostError, InputError
from harness.hosts.aws.failing import told

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import ImageTypeDef, SubnetTypeDef

_DEBIAN = "136693071363"  # wiki.debian.org/Cloud/AmazonEC2Image
_IMAGES = "debian-12-amd64-*"  # its Python is the 3.11 that the locks were tried with
_ADDRESS_URL = "https://checkip.amazonaws.com"
_SOON_S = 10.0


@dataclass(frozen=True)
class Place:
    """Where machines can be made, and from what."""

    image: str
    root_device: str
    vpc: str
    subnet: str


def place(ec2: EC2Client, types: Iterable[str], image: str | None) -> Place:
    """An image (Debian's newest unless one is named), and a subnet of a zone that has all these types.

    Raises HostError.
    """
    with told("looking for an image and a network"):
        found, subnet = _image(ec2, image), _subnet(ec2, set(types))
    return Place(found["ImageId"], found["RootDeviceName"], subnet["VpcId"], subnet["SubnetId"])


def own_address(asked: str | None, url: str | None = None) -> str:
    """The one network that may speak SSH to the machines: the address as which this machine is seen from outside.

    Raises InputError for what is not one IPv4 address, HostError where nobody tells.
    """
    text = asked or _told_address(url or os.environ.get("REMATCH_ADDRESS_URL", _ADDRESS_URL))
    try:
        return f"{ipaddress.IPv4Address(text.strip().removesuffix('/32'))}/32"
    except ValueError as error:
        hint = "SSH is opened to one IPv4 address only, your own: say it with --from."
        raise InputError(f'"{text.strip()[:100]}" is not one IPv4 address', hint) from error


def _told_address(url: str) -> str:
    try:
        with urlopen(url, timeout=_SOON_S) as answer:  # noqa: S310  # https, or what a test sets
            return str(answer.read(1000).decode("ascii", "replace"))
    except (URLError, OSError) as error:
        raise HostError(
            f"{url} does not say what this machine's address is: {error}.", "Say it with --from."
        ) from error


def _image(ec2: EC2Client, asked: str | None) -> ImageTypeDef:
    if asked:
        images = ec2.describe_images(ImageIds=[asked])["Images"]
    else:
        images = ec2.describe_images(Owners=[_DEBIAN], Filters=[{"Name": "name", "Values": [_IMAGES]}])["Images"]
    if not images:
        raise HostError("This region has no Debian 12.", "Name an image with --image, one that has cloud-init.")
    return max(images, key=lambda one: one["CreationDate"])


def _subnet(ec2: EC2Client, types: set[str]) -> SubnetTypeDef:
    """One of the default network, which gives public addresses."""
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": sorted(types)}]
    )["InstanceTypeOfferings"]
    pairs = {(one["Location"], one["InstanceType"]) for one in offered}
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    for subnet in sorted(subnets, key=lambda one: one["AvailabilityZone"]):
        if all((subnet["AvailabilityZone"], one) in pairs for one in types):
            return subnet
    if not subnets:
        hint = "Make it: aws ec2 create-default-vpc. It costs nothing."
        raise HostError("This account has no default network in this region.", hint)
    raise HostError(f"No zone of this region has {' and '.join(sorted(types))}.", "Set AWS_REGION to another.")
