"""What is compared, and what is asked of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from harness.model.value import Value


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


class Deployment(Value):
    """One way to serve an app. `command` may hold {python} {bin} {host} {port} {workers} {threads} {app}."""

    command: tuple[str, ...] = Field(min_length=1)
    environment: Mapping[str, str] = {}
    workers: int | None = Field(default=None, ge=1, description="None: as many as the host has CPUs")
    threads: int = Field(default=1, ge=1, description="per process")
    connections: Literal["kept", "closed"] = "kept"
    about: str = ""
    traits: Traits = Traits()


class App(Value):
    """A folder with an app.toml. `folder` is absolute; deployments stand in its order; the first is the default."""

    name: str
    folder: Path
    title: str
    about: str = ""
    role: Literal["contender", "baseline", "null", "control"] = "contender"
    requirements: str | None = Field(default=None, description="a lock file in the folder; None: nothing to install")
    versions: tuple[str, ...] = ()
    deployments: Mapping[str, Deployment] = Field(min_length=1)

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
        return self.app.deployments[self.deployment_name]


class Lineup(Value):
    """A named list of contenders, as specifications; ratios are taken to `reference` (a label)."""

    name: str
    about: str
    contenders: tuple[str, ...] = Field(min_length=1)
    reference: str


class Expectation(Value):
    """The answer that a request must get: status, media type, and a JSON body up to key order and number format."""

    status: int = 200
    media_type: str = "application/json"
    json_body: JsonValue


class Request(Value):
    """One request. `weight` is its share of the load; 0: only asked when verifying."""

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/[\x21-\x7e]*$")
    weight: int = Field(default=1, ge=0)
    expect: Expectation


class Scenario(Value):
    """What is asked of every app: the load and the equivalence check in one."""

    name: str
    about: str
    isolates: str
    leaves_out: str
    connections: int = Field(default=100, ge=1)
    requests: tuple[Request, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_load(self) -> Scenario:
        if not self.load:
            raise ValueError("no request has a weight above 0, so there is no load")
        return self

    @model_validator(mode="after")
    def _names_each_request_once(self) -> Scenario:
        twice = [name for name, times in Counter(request.name for request in self.requests).items() if times > 1]
        if twice:
            raise ValueError(f"two requests are called {', '.join(map(json.dumps, twice))}")
        return self

    @property
    def load(self) -> tuple[Request, ...]:
        """The requests of one cycle of the load, each as often as it weighs."""
        return tuple(request for request in self.requests for _ in range(request.weight))
