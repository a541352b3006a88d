"""Stand-ins for the two seams that record what happened in which order. The contract is kept by a real HTTP server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.block import Field
from harness.environments import LocalEnvironments
from harness.errors import EngineError, LaunchError
from harness.hosts.base import NOTHING_MORE, Environments
from harness.model import (
    App,
    Contender,
    Deployment,
    Enforcement,
    Expectation,
    Import,
    Launched,
    Limits,
    MachineReading,
    Placement,
    Plan,
    Recording,
    Request,
    Scenario,
    Target,
    Turn,
    Usage,
)
from harness.services import Keeper
from tests.builders import paced, recording

PLACEMENT = Placement(server_cpus=(1,), generator_cpus=(0,), owns_core=True)
SCENARIO = Scenario(
    name="hello",
    about="a",
    isolates="b",
    leaves_out="c",
    requests=(
        Request(name="hello", path="/hello", expect=Expectation(json_body={"message": "hello"})),
        Request(name="missing", path="/missing", weight=0, expect=Expectation(status=404, json_body={})),
    ),
)
RIGHT = MappingProxyType({"/hello": (200, b'{"message": "hello"}'), "/missing": (404, b"{}")})
IMPORTS = (Import(module="json", self_s=0.25, cumulative_s=0.5), Import(module="re", self_s=0.5, cumulative_s=0.5))
WRONG = MappingProxyType({**RIGHT, "/missing": (200, b"{}")})


@contextmanager
def http_server(answers: Mapping[str, tuple[int, bytes]]) -> Iterator[int]:
    """A real HTTP server that answers from a table of path to status and body; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@dataclass
class RecordingServer:
    """A server of RecordingHost."""

    launched: Launched
    events: list[str]
    vanishes: bool
    readings: int = 0

    def door(self) -> tuple[str, int]:
        return self.launched.host, self.launched.port

    def usage(self) -> Usage:
        self.events.append(f"usage {self.launched.contender}")
        if self.vanishes:
            raise LaunchError(f"`{self.launched.contender}` is gone")
        self.readings += 1
        return Usage(cpu_s=float(self.readings), memory_bytes=1, processes=())

    def cpu_s(self) -> float:
        self.events.append(f"cpu {self.launched.contender}")
        self.readings += 1
        return float(self.readings)

    def imports(self) -> tuple[Import, ...]:
        return IMPORTS


@dataclass
class RecordingHost:
    """Writes down every launch and stop. `unstartable` labels do not start, `vanishing` ones are gone when asked."""

    ports: Mapping[str, int]
    events: list[str] = field(default_factory=list)
    unstartable: frozenset[str] = frozenset()
    vanishing: frozenset[str] = frozenset()
    placement: Placement = PLACEMENT

    @property
    def environments(self) -> Environments:
        return LocalEnvironments()

    def fingerprint(self) -> Mapping[str, Any]:
        return {"identity": {"cpu_model": "fake"}, "moment": {}}

    def reading(self) -> MachineReading:
        self.events.append("reading")
        return MachineReading(monotonic_s=0.0, busy_s=0.0, steal_s=0.0, own_s=0.0)

    def drop_page_cache(self) -> None:
        self.events.append("drop page cache")

    @contextmanager
    def launch(
        self,
        contender: Contender,
        python: Path,
        first: Request,
        limits: Limits,
        log: Path,
        timeout_s: float,
        environment: Mapping[str, str] = NOTHING_MORE,
    ) -> Iterator[RecordingServer]:
        assert (python, timeout_s) == (Path("python"), 30.0)
        assert first == SCENARIO.requests[0] or contender == KEEPER.contender
        if contender.label in self.unstartable:
            raise LaunchError(f"`{contender.label}` did not answer", "Its log is empty.")
        self.events.append(" ".join((f"launch {contender.label}", *environment)))
        launched = _launched(contender.label, self.ports, limits, log)
        try:
            yield RecordingServer(launched, self.events, contender.label in self.vanishing)
        finally:
            self.events.append(f"stop {contender.label}")


@dataclass
class RecordingEngine:
    """Writes down every turn, and its own end.

    `failing` labels get no answers; `interrupts` after so many turns, `dies` after so many.
    """

    events: list[str]
    failing: frozenset[str] = frozenset()
    interrupts: int | None = None
    dies: int | None = None
    rates: list[float | None] = field(default_factory=list)
    asked: dict[str, Scenario] = field(default_factory=dict)

    def drive(
        self,
        targets: Mapping[str, Target],
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Iterator[Recording]:
        assert (placement, log.parent) == (PLACEMENT, Path("logs"))
        try:
            for number, turn in enumerate(turns):
                if number == self.interrupts:
                    raise KeyboardInterrupt
                if number == self.dies:
                    raise EngineError("the load generator ended (exit code -9)", "Its log is x.log.")
                self.events.append(f"{'duet' if turn.beside else 'turn'} {turn.round} {' '.join(turn.contenders)}")
                self.rates.append(turn.rate_per_s)
                for label in turn.contenders:
                    self.asked[label] = targets[label].scenario
                    yield self._recorded(label, turn, plan)
        finally:
            self.events.append("engine ends")

    def _recorded(self, label: str, turn: Turn, plan: Plan) -> Recording:
        if label in self.failing:
            return recording(label, turn.round, 100.0, counted=0, first_error="connection refused")
        if turn.share:
            return paced(label, turn.round, turn.share, 1000.0, plan.connections)
        return recording(label, turn.round, 1000.0, plan.connections)


def contender(label: str) -> Contender:
    """A contender that only a fake host can launch."""
    app = App(name=label, folder=Path(), title=label, deployments={"plain": Deployment(command=("true",))})
    return Contender(label=label, app=app, deployment_name="plain")


KEEPER = Keeper(contender("services"), Path("python"), {})


def field_of(host: RecordingHost, engine: RecordingEngine, **changes: Any) -> Field:
    """A field over the labels of the host's ports; with services, if these are among them."""
    labels = tuple(label for label in host.ports if label != "services")
    scenario = SCENARIO.model_copy(update={"services": ("postgres", "mail")}) if "services" in host.ports else SCENARIO
    plan = Plan(scenario="hello", lineup="fair", contenders=labels, reference=labels[0], **changes)
    return Field(
        plan=plan,
        scenario=scenario,
        scenarios=dict.fromkeys(labels, scenario),
        contenders={label: contender(label) for label in labels},
        pythons={label: Path("python") for label in labels},
        placement=PLACEMENT,
        limits=Limits(cpus=(1,)),
        logs=Path("logs"),
        host=host,
        engine=engine,
        keeper=KEEPER if scenario.services else None,
    )


def _launched(label: str, ports: Mapping[str, int], limits: Limits, log: Path) -> Launched:
    return Launched(
        contender=label,
        host="127.0.0.1",
        port=ports[label],
        pid=1,
        listening_s=0.1,
        ready_s=0.2,
        command=("true",),
        log=str(log),
        enforcement=Enforcement(mechanism="none", asked=limits, held={}, enforced=False),
    )
