"""Makes a stack of two machines, and removes it whatever happens. What is left in spite of all is said loudly."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import WaiterError

from harness.errors import HostError
from harness.hosts.aws import account, keys
from harness.hosts.aws.failing import hint, told
from harness.hosts.aws.holding import held_back
from harness.hosts.aws.stacks import EXPIRES, ROLES, TAG, TYPES, Left, MaybeLeft, Stack, Wish

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import WaiterConfigTypeDef
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client

Say = Callable[[str], None]
Reach = Callable[[Stack], None]

PREFIX = "rematch-"
_MADE_WITHIN_MINUTES = 15
_LOOK: WaiterConfigTypeDef = {"Delay": 5, "MaxAttempts": 12 * 20}
_ONLY_FOLLOWED = "cancelled"  # what CloudFormation says of resources that failed because another had
_GONE = "does not exist"  # there is no code for it, only words
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=30)
_SHORT = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=8)


class Cloud:
    """AWS as the environment names it: account, region, endpoint. `folder` keeps the keys of each stack.

    `say` is told what must not be overlooked. Every call raises HostError for what AWS refuses.
    """

    def __init__(self, folder: Path, template: Path, say: Say) -> None:
        self._folder = folder
        self._template = template
        self._say = say
        self._known: dict[str, Stack] = {}
        self._accepted: dict[str, bool] = {}  # by stack whose removal was asked for: whether AWS has accepted it
        with told("the choice of an account and a region"):
            session = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # or as its configuration says
            self.stacks: CloudFormationClient = session.client("cloudformation", config=_CONFIG)
            self.removing: CloudFormationClient = session.client("cloudformation", config=_SHORT)  # not interrupted
            self.ec2: EC2Client = session.client("ec2", config=_CONFIG)
            self.watch: CloudWatchClient = session.client("cloudwatch", config=_SHORT)  # between slices

    def keys_of(self, stack: Stack) -> Path:
        """The folder of a stack's keys, if it was made in this clone."""
        return self._folder / stack.name

    @property
    def region(self) -> str:
        """Where all of it is."""
        return self.ec2.meta.region_name

    @contextmanager
    def made(self, wish: Wish, reach: Reach, *, keep: bool = False) -> Iterator[Stack]:
        """A new stack, whose machines `reach` has found to answer. Leaving the context removes it.

        With `keep` it stays, unless the context is left by an error.
        """
        name = f"{PREFIX}{secrets.token_hex(4)}"
        parameters = self._found(wish)
        try:
            yield self._make(name, wish, parameters, reach)
            if not keep:
                self.remove(name)
        except BaseException:
            if name not in self._accepted:  # else it was asked for, and what came of it was said
                self._remove_after_error(name)
            raise

    def all(self) -> list[Stack]:
        """Every stack of ours in this account and region, whoever made it."""
        with told("the list of stacks"):
            pages = list(self.stacks.get_paginator("describe_stacks").paginate())
        ours = [Stack.of(one) for page in pages for one in page["Stacks"] if TAG in one.get("Tags", [])]
        self._known |= {stack.name: stack for stack in ours}
        return ours

    def named(self, name: str) -> Stack:
        """The stack of ours with this name. Raises HostError."""
        ours = {stack.name: stack for stack in self.all()}
        if name not in ours:
            here = f"There are: {', '.join(ours)}." if ours else "There is none: ./bench host up makes one."
            raise HostError(f'"{name}" is no stack of Rematch in {self.region}.', here)
        return ours[name]

    def running(self, stack: Stack) -> list[str]:
        """The ids of those of its machines that cost money: none after its expiry."""
        ids = [machine.id for machine in stack.machines.values()]
        if not ids:
            return []
        with told("the state of machines"):
            found = self.ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": ids}])["Reservations"]
        instances = (instance for one in found for instance in one["Instances"])
        return [one["InstanceId"] for one in instances if one["State"]["Name"] not in {"terminated", "shutting-down"}]

    def remove(self, name: str) -> None:
        """Remove a stack and its keys. One that is not there is removed already.

        Once AWS has accepted it, it does it alone: who is interrupted then has only not waited for it.
        """
        try:
            self._remove(name)
        except (KeyboardInterrupt, SystemExit):
            left = MaybeLeft(name, self._known.get(name))
            by_aws = f"{name} is being removed by AWS, but nobody waited for it: look with ./bench host status"
            self._say(by_aws if self._accepted.get(name) else f"{left.in_words}\n{left.hint}")
            raise
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def _found(self, wish: Wish) -> dict[str, str]:
        """The parameters of a stack, but for its keys: all that can be refused before anything is made."""
        caller = account.own_address(wish.caller)
        place = account.place(self.ec2, TYPES.values(), wish.image)
        where = {"Image": place.image, "RootDevice": place.root_device, "Vpc": place.vpc, "Subnet": place.subnet}
        return {**where, "Caller": caller, **{f"{ROLES[role]}Type": one for role, one in TYPES.items()}}

    def _make(self, name: str, wish: Wish, parameters: Mapping[str, str], reach: Reach) -> Stack:
        folder, expires_at = self._folder / name, time.time() + wish.hours * 3600
        keys.make(folder)
        told_first = {f"{ROLES[role]}UserData": keys.user_data(folder, role, expires_at) for role in ROLES}
        self._known[name] = Stack(name, "asked for", "", keys.calendar(expires_at), TYPES, {})
        with told(f"making {name}"):
            made = self.stacks.create_stack(
                StackName=name,
                ClientRequestToken=name,  # asked twice, as where the first answer is lost, it is made once
                TemplateBody=self._template.read_text(encoding="utf-8"),
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in {**parameters, **told_first}.items()
                ],
                OnFailure="DELETE",  # even if we are gone by then
                TimeoutInMinutes=_MADE_WITHIN_MINUTES,
                Tags=[TAG, {"Key": EXPIRES, "Value": keys.calendar(expires_at)}],
            )
        self._known[name] = stack = self._complete(made["StackId"])
        keys.write_known_hosts(folder, {role: machine.public for role, machine in stack.machines.items()})
        reach(stack)
        return stack

    def _complete(self, stack_id: str) -> Stack:
        """The stack, once it is complete. By its id it can be asked for even when it has been removed."""
        with told("the wait for the machines"):
            try:
                self.stacks.get_waiter("stack_create_complete").wait(StackName=stack_id, WaiterConfig=_LOOK)
            except WaiterError as error:
                reason = self._reason(stack_id)
                raise HostError(f"AWS could not make the machines: {reason}", hint(reason)) from error
            return Stack.of(self.stacks.describe_stacks(StackName=stack_id)["Stacks"][0])

    def _reason(self, stack_id: str) -> str:
        """What failed first."""
        pages = list(self.stacks.get_paginator("describe_stack_events").paginate(StackName=stack_id))
        events = sorted((one for page in pages for one in page["StackEvents"]), key=lambda one: one["Timestamp"])
        failed = [one for one in events if one.get("ResourceStatus", "").endswith("_FAILED")]
        reasons = [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason given')}" for one in failed
        ]
        return next((one for one in reasons if _ONLY_FOLLOWED not in one), "no reason is told.")

    def _remove(self, name: str) -> None:
        try:
            self._ask_to_remove(name)
            with told(f"the wait for the end of {name}"):
                self.stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_LOOK)
        except (HostError, WaiterError) as error:
            self._accepted[name] = False
            if left := self._left(name):
                raise HostError(f"{left.in_words} {error}", left.hint) from error

    def _ask_to_remove(self, name: str) -> None:
        """In half a minute at most, in which nothing interrupts it."""
        with held_back(), told(f"the removal of {name}"):
            self._accepted[name] = False
            self.removing.delete_stack(StackName=name)
            self._accepted[name] = True

    def _left(self, name: str) -> Left | MaybeLeft | None:
        """What is still there, as far as AWS tells; None: nothing."""
        try:
            with told("what is left"):
                self._known[name] = stack = Stack.of(self.stacks.describe_stacks(StackName=name)["Stacks"][0])
                resources = self.stacks.describe_stack_resources(StackName=name)["StackResources"]
        except HostError as error:
            return None if f"{name} {_GONE}" in error.message else MaybeLeft(name, self._known.get(name))
        there = [one for one in resources if one["ResourceStatus"] != "DELETE_COMPLETE"]
        types = {ROLES[role]: kind for role, kind in stack.types.items()}
        ids = {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in there}
        machines = {ids[name]: kind for name, kind in types.items() if ids.get(name)}
        return Left(stack, tuple(f"{name} {one}".strip() for name, one in ids.items()), machines)

    def _remove_after_error(self, name: str) -> None:
        """Remove it, and let the error that led here be the one that is heard of; what is left is said here."""
        try:
            self._say(f"removing {name} ...")
        finally:
            try:
                self.remove(name)
            except HostError as error:
                self._say(f"{error.message}\n{error.hint}")
