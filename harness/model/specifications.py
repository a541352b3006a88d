"""How a contender is written down, with the versions that it is pinned to; and which of two versions is the newer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

PYTHON = "python"
"""What the interpreter is called among the distributions."""

# A "==" belongs to a pin; a single "=" ends a label.
_WRITTEN = re.compile(
    r"(?:(?P<label>[^=]*)=(?!=))?(?:(?P<path>.*):)?(?P<app>[^:@]*?)(?:@(?P<deployment>[^:]*?))?"
    r"(?P<pins>(?:\+[\w.-]+==[\w.!-]+)*)",
    re.DOTALL,
)
_RELEASE = re.compile(r"(?:\d+!)?v?(\d+(?:\.\d+)*)(.*)", re.DOTALL)
_EARLIER = ("a", "b", "c", "rc", ".dev", "dev")

Newness = tuple[tuple[int, ...], bool, str]


@dataclass(frozen=True)
class Specification:
    """`LABEL=PATH:app@deployment+distribution==version`: all but the app optional, empty where it is left out."""

    label: str = ""
    path: str = ""
    app: str = ""
    deployment: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a specification apart; whether there is what it names is the catalog's to say."""
        found = _WRITTEN.fullmatch(text)
        assert found is not None, "an app's name may be anything"
        parts = {name: part or "" for name, part in found.groupdict().items()}
        pins = (pin.split("==") for pin in parts.pop("pins").split("+")[1:])
        return cls(**parts, pins={canonical(name): version for name, version in pins})

    def __str__(self) -> str:
        pins = "".join(f"+{name}=={version}" for name, version in self.pins.items())
        served = f"{self.path and f'{self.path}:'}{self.app}{self.deployment and f'@{self.deployment}'}"
        return f"{self.label and f'{self.label}='}{served}{pins}"


def canonical(distribution: str) -> str:
    """The name of a distribution as indexes and locks write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def pinned_label(pins: Mapping[str, str]) -> str:
    """As a label, or the end of one."""
    return "+".join(f"{name}-{version}" for name, version in pins.items())


def newness(version: str) -> Newness:
    """The larger, the newer. Of one number a pre-release is older than the release, and that than a post-release."""
    found = _RELEASE.fullmatch(version)
    numbers, rest = found.groups() if found else ("0", version)
    return tuple(map(int, numbers.split("."))), not rest.startswith(_EARLIER), rest
