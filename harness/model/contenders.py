"""What is compared, and what is asked of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from harness.model.value import Value

_NO_PART = "its app does not take part in this scenario"


class Traits(Value):
    """What often matters more than the framework, as visible columns. `None`: not stated by the app."""

    server: str | None = None
    worker_class: str | None = None
    loop: str | None = None
    parser: str | None = None
    json_library: str | None = None
    keep_alive: str | None = None
    access_log: str | None = None
    proxy_headers: str | None = None
    # Left out of a file where nothing is stated: what was derived from runs of before them is the same to the byte.
    driver: str | None = Field(default=None, exclude_if=lambda driver: driver is None)
    pool: str | None = Field(default=None, exclude_if=lambda pool: pool is None)


class Deployment(Value):
    """One way to serve an app. `command` may hold {python} {bin} {host} {port} {workers} {threads} {app}."""

    command: tuple[str, ...] = Field(min_length=1)
    environment: Mapping[str, str] = {}
    workers: int | None = Field(default=None, ge=1, description="None: as many as the host has CPUs")
    threads: int = Field(default=1, ge=1, description="per process")
    connections: Literal["kept", "closed"] = "kept"
    about: str = ""
    traits: Traits = Traits()
    cannot: Mapping[str, str] = Field(default={}, description="scenarios that it cannot serve, and why")

    @property
    def choices(self) -> Mapping[str, str | int | None]:
        """All in which one deployment may differ from another."""
        return {**dict(self.traits), "workers": self.workers, "threads": self.threads}


class Ablation(Value):
    """A deployment like the app's first one, but for one choice: `varies`, and what that brings with it.

    It is `like` a named deployment (None: the first), with words of its command replaced, others appended, and these
    traits, workers, threads, connections and scenarios that it `cannot` serve in place of its own.
    """

    varies: str
    brings: tuple[str, ...] = ()
    about: str = ""
    like: str | None = None
    replace: Mapping[str, str] = {}
    append: str = ""
    traits: Traits = Traits()
    workers: int | None = Field(default=None, ge=1)
    threads: int | None = Field(default=None, ge=1)
    connections: Literal["kept", "closed"] | None = None
    cannot: Mapping[str, str] | None = Field(default=None, description="None: as what it is like")

    def deployment(self, deployments: Mapping[str, Deployment]) -> Deployment:
        """What it comes to. Raises ValueError unless it differs from the first one in what it says, and only there."""
        base = next(iter(deployments.values()))
        if self.like not in {None, *deployments}:
            raise ValueError(f'there is no deployment "{self.like}" for it to be like')
        found = self._of(deployments[self.like] if self.like else base)
        said = {self.varies, *self.brings}
        differing = {name for name, choice in found.choices.items() if choice != base.choices[name]}
        if differing != said:
            raise ValueError(f"it says that it differs in {_listed(said)}, and differs in {_listed(differing)}")
        return found

    def _of(self, deployment: Deployment) -> Deployment:
        command = deployment.command
        for old, new in self.replace.items():
            command = _replaced(command, tuple(old.split()), tuple(new.split()))
        changes = {
            **self.model_dump(include={"workers", "threads", "connections", "cannot"}, exclude_none=True),
            "about": self.about,
            "command": (*command, *self.append.split()),
            "traits": deployment.traits.model_copy(update=self.traits.model_dump(exclude_none=True)),
        }
        return deployment.model_copy(update=changes)


class App(Value):
    """A folder with an app.toml. `folder` is absolute; deployments stand in its order; the first is the default.

    Each of `ablations` is a deployment too, named like one: the default with one choice made otherwise. `pins` are
    versions that a contender's specification asks for, of Python or of distributions; then `requirements` may be a lock
    elsewhere, that holds them.
    """

    name: str
    folder: Path
    title: str
    about: str = ""
    role: Literal["contender", "baseline", "null", "control", "services"] = "contender"
    requirements: str | None = Field(default=None, description="a lock file in the folder; None: nothing to install")
    versions: tuple[str, ...] = ()
    deployments: Mapping[str, Deployment] = Field(min_length=1)
    ablations: Mapping[str, Ablation] = {}
    scenarios: tuple[str, ...] | None = Field(default=None, description="those it takes part in; None: all")
    pins: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _ablates_one_choice_at_a_time(self) -> App:
        problems = [f'"{name}" is a deployment as well' for name in self.ablations.keys() & self.deployments.keys()]
        for name, ablation in self.ablations.items():
            try:
                ablation.deployment(self.deployments)
            except ValueError as error:
                problems.append(f"ablations.{name}: {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def served(self) -> Mapping[str, Deployment]:
        """Every way to serve it: deployments, then ablations."""
        ablated = {name: ablation.deployment(self.deployments) for name, ablation in self.ablations.items()}
        return {**self.deployments, **ablated}

    def takes_part_in(self, scenario: str) -> bool:
        """Whether it has the routes that this scenario asks."""
        return self.scenarios is None or scenario in self.scenarios

    @property
    def full_name(self) -> str:
        """Its name, with the versions that it is pinned to."""
        pins = ", ".join(f"{name} {version}" for name, version in self.pins.items())
        return f"{self.name} ({pins})" if pins else self.name

    @property
    def is_yardstick(self) -> bool:
        """Whether it is there for the measurement's own sake: nobody asks how soon it starts."""
        return self.role in {"null", "control"}


class Contender(Value):
    """A row of the table: a label, an app, and one of its deployments."""

    label: str
    app: App
    deployment_name: str

    @property
    def deployment(self) -> Deployment:
        return self.app.served[self.deployment_name]

    def why_not(self, scenario: str) -> str | None:
        """Why it takes no part in a scenario, without a full stop; None: it does."""
        if not self.app.takes_part_in(scenario):
            return _NO_PART
        why = self.deployment.cannot.get(scenario)
        return why and why.removesuffix(".")


class Lineup(Value):
    """A named list of contenders, as specifications; ratios are taken to `reference` (a label)."""

    name: str
    about: str
    contenders: tuple[str, ...] = Field(min_length=1)
    reference: str


def _replaced(command: tuple[str, ...], old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """A command with some of its words in place of others. Raises ValueError unless those stand in it just once."""
    places = [place for place in range(len(command)) if old and command[place : place + len(old)] == old]
    if len(places) != 1:
        raise ValueError(f'"{" ".join(old)}" stands in the command {len(places)} times, not once')
    (place,) = places
    return (*command[:place], *new, *command[place + len(old) :])


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
