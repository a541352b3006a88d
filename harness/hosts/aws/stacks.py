"""What a stack is: what is wished for, and what AWS tells of one that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.hosts.aws import costs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef, TagTypeDef

TAG: TagTypeDef = {"Key": "project", "Value": "rematch"}
EXPIRES = "rematch-expires"
TYPES = {"apps": "t3.medium", "load": "c6i.xlarge"}
ROLES = {"apps": "Apps", "load": "Load"}
"""What each machine is for, and what it is called in infra/stack.yaml."""


@dataclass(frozen=True)
class Wish:
    """What is to be made, and for how long. `image` None: Debian's newest. `caller` None: ask who we are."""

    hours: float
    image: str | None = None
    caller: str | None = None


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
    """What of a stack is there, as AWS tells: resources in words, and the ids and types of machines among them."""

    stack: Stack
    resources: tuple[str, ...]
    machines: Mapping[str, str]

    @property
    def in_words(self) -> str:
        """What is left, and what it costs."""
        there = ", ".join(self.resources) or "only its name"
        return f"{self.stack.name} is NOT REMOVED: {there} is left, and {self._cost}."

    @property
    def hint(self) -> str:
        """How to end it by hand."""
        return f"Try again: {_by_hand(self.stack.name, self.machines)}"

    @property
    def _cost(self) -> str:
        if self.machines:
            return _costs(list(self.machines.values()), self.stack.expires_at)
        still = self.stack.status == "CREATE_IN_PROGRESS"
        return "costs nothing yet, but AWS is still making its machines" if still else "costs nothing"


@dataclass(frozen=True)
class MaybeLeft:
    """A stack of which AWS does not tell whether it is there. `known`: what was last known of it, if anything."""

    name: str
    known: Stack | None

    @property
    def in_words(self) -> str:
        """What it would cost if all of it were there."""
        types = list(self.known.types.values()) if self.known else []
        cost = f"it probably {_costs(types, self.known.expires_at)}" if self.known and types else "costs unknown"
        return f"{self.name} is NOT REMOVED, as far as is known: what is left of it is unknown, {cost}."

    @property
    def hint(self) -> str:
        """How to end it by hand."""
        machines = self.known.machines.values() if self.known else ()
        return f"As soon as AWS can be asked: {_by_hand(self.name, [one.id for one in machines])}"


def _costs(types: Sequence[str], expires_at: str) -> str:
    price = costs.hourly(types)
    cost = "costs money" if price is None else f"costs {price:.2f} USD an hour"
    return f"{cost} until {expires_at}, when the machines end themselves"


def _by_hand(name: str, machines: Iterable[str]) -> str:
    ids = " ".join(machines)
    by_id = f"; or: aws ec2 terminate-instances --instance-ids {ids}" if ids else ""
    return f"./bench host down {name}; or: aws cloudformation delete-stack --stack-name {name}{by_id}"
