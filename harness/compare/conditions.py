"""Decides whether two runs were made under the same conditions, and what else differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.compare.pairs import Pair
from harness.model import Member, RunHead, Value

# What is compared itself, and how much was measured. Whatever else fingerprint and plan hold, now or one day, is a
# condition: forgotten here, it makes a comparison refuse, never lie.
_COMPARED = frozenset({"generator", "versions"})
_HOW_MUCH = ("lineup", "blocks", "rounds", "starts")
_NO_MATTER = {"contenders", "reference", "seed", "samples", "quick", "launch_timeout_s"}


class Difference(Value):
    """What is not the same in both runs. None: not there, or not known."""

    what: str
    first: Any
    second: Any


class Differences(Value):
    """`conditions`: a ratio across them says nothing of contenders alone. `others` may be what is to be compared."""

    conditions: tuple[Difference, ...]
    others: tuple[Difference, ...]


def differences(first: RunHead, second: RunHead, compared: Sequence[Pair]) -> Differences:
    """All that differs between two runs and bears on these pairs. Within one run nothing does."""
    members = [(_member(first, ours), _member(second, theirs)) for ours, theirs in compared]
    apps = {member.app for pair in members for member in pair}
    versions = () if first == second else dict.fromkeys(one for pair in members for one in _versions(*pair))
    return Differences(
        conditions=tuple(_different(_conditions(first), _conditions(second))),
        others=(*_different(_others(first, apps), _others(second, apps)), *versions),
    )


def same_app(first: RunHead, second: RunHead, name: str) -> bool:
    """Whether an app was the same, to the byte, in two runs."""
    key = f"app {name}"
    return key in first.digests and first.digests[key] == second.digests.get(key)


def _conditions(head: RunHead) -> Mapping[str, Any]:
    plan = head.plan.model_dump(mode="json", exclude={*_NO_MATTER, *_HOW_MUCH})
    identity = {key: value for key, value in head.fingerprint.identity.items() if key not in _COMPARED}
    return {
        **plan,
        **identity,
        "scenario": f"{head.scenario.name} {head.digests.get(f'scenario {head.scenario.name}')}",
    }


def _others(head: RunHead, apps: Iterable[str]) -> Mapping[str, Any]:
    """Digests, the generator's versions, how much was measured, and when. What derives is today's for both."""
    digests = {
        key: head.digests.get(key) for key in ("measuring", "elsewhere", *(f"app {name}" for name in sorted(apps)))
    }
    generator = head.fingerprint.identity.get("generator") or {}
    moment = {key: head.fingerprint.moment.get(key) for key in ("commit", "boot_id")}
    return {
        **{f"digest of {key}": digest for key, digest in digests.items()},
        **{f"generator's {package}": version for package, version in generator.items()},
        **{key: getattr(head.plan, key) for key in _HOW_MUCH},
        **moment,
    }


def _versions(ours: Member, theirs: Member) -> Iterator[Difference]:
    """Versions and commands of an app in two runs; two apps differ in all of it anyway."""
    if ours.app == theirs.app:
        yield from _different(ours.versions, theirs.versions)
    if ours.label == theirs.label:
        yield from _different(_served(ours), _served(theirs))


def _served(member: Member) -> Mapping[str, Any]:
    kinds = ("deployment", "workers", "threads", "connections", "command")
    return {f"{member.label}: {kind}": getattr(member, kind) for kind in kinds}


def _different(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    for what in dict.fromkeys((*first, *second)):
        if first.get(what) != second.get(what):
            yield Difference(what=what, first=first.get(what), second=second.get(what))


def _member(head: RunHead, label: str) -> Member:
    return next(member for member in head.members if member.label == label)
