"""What a stack is: what is wished for, and what AWS tells of one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.hosts.aws import costs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef, TagTypeDef

TAG: TagTypeDef = {"Key": "project", "Value": "rematch"}
EXPIRES = "rematch-expires"
APPS_TYPE = "t3.medium"
LOAD_TYPE = "c6i.xlarge"
ROLES = {"apps": "Apps", "load": "Load"}
"""What each machine is for, and what it is called in infra/stack.yaml."""


@dataclass(frozen=True)
class Wish:
    """What is to be made, and for how long. `image` None: Debian's newest. `caller` None: ask who we are."""

    hours: float
    apps_type: str = APPS_TYPE
    load_type: str = LOAD_TYPE
    image: str | None = None
    caller: str | None = None

    @property
    def types(self) -> tuple[str, str]:
        """What the two machines are."""
        return self.apps_type, self.load_type


@dataclass(frozen=True)
class Machine:
    """One machine. It listens for the other one on its `private` address."""

    id: str
    type: str
    public: str
    private: str


@dataclass(frozen=True)
class Stack:
    """A stack as AWS tells of it. `machines` by role; none before it is complete."""

    name: str
    status: str
    reason: str
    expires_at: str
    types: Mapping[str, str]
    machines: Mapping[str, Machine]

    @classmethod
    def of(cls, told: StackTypeDef) -> Stack:
        """From what describe_stacks says."""
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in told.get("Parameters", [])}
        outputs = {one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", [])}
        tags = {one["Key"]: one["Value"] for one in told.get("Tags", [])}
        types = {role: parameters[f"{name}Type"] for role, name in ROLES.items() if f"{name}Type" in parameters}
        machines = {
            role: Machine(outputs[f"{name}Id"], types[role], outputs[f"{name}Public"], outputs[f"{name}Private"])
            for role, name in ROLES.items()
            if f"{name}Id" in outputs
        }
        return cls(
            name=told["StackName"],
            status=told["StackStatus"],
            reason=told.get("StackStatusReason", ""),
            expires_at=tags.get(EXPIRES, "nobody knows when"),
            types=types,
            machines=machines,
        )


@dataclass(frozen=True)
class Left:
    """What of a stack is still there: resources in words, and the ids and types of machines among them."""

    stack: str
    resources: tuple[str, ...]
    machines: Mapping[str, str]
    expires_at: str

    @property
    def in_words(self) -> str:
        """What is left, and what it costs."""
        price = costs.hourly(list(self.machines.values()))
        cost = "costs nothing" if not self.machines else f"costs {price:.2f} USD an hour" if price else "costs money"
        until = f" until {self.expires_at}, when the machines end themselves" if self.machines else ""
        return f"{self.stack} is NOT REMOVED: {', '.join(self.resources) or 'all of it'} is left, and {cost}{until}."

    @property
    def hint(self) -> str:
        """How to end it by hand."""
        by_hand = f"; or: aws ec2 terminate-instances --instance-ids {' '.join(self.machines)}" if self.machines else ""
        return f"Try again: ./bench host down {self.stack}{by_hand}"
