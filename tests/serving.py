"""Contenders served for real, with real services beside them: for what scenarios cannot ask."""

import json
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from harness import catalog, dataset, environments
from harness.catalog import ROOT
from harness.model import App, Deployment

ENVIRONMENTS = ROOT / ".environments"
KEEPER = App(
    name="services",
    folder=ROOT / "infra" / "services",
    title="Services",
    requirements="requirements.lock",
    deployments={"keeper": Deployment(command=("{python}", "main.py", "{host}", "{port}"))},
)
KNOWN = catalog.read()
SMALL_POOLS = {"DATABASE_POOL_SIZE": "4", "DATABASE_MAX_OVERFLOW": "2"}
SOON_S = 20
Answer = TypeVar("Answer")
NO_TLS = ssl.create_default_context()  # one for all: to make one for each request takes longer than the request


@dataclass(frozen=True)
class Served:
    """A running server: where it is, its process, and what it logs."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, self.address + path, timeout=SOON_S, trust_env=False, verify=NO_TLS, **more)

    def logged(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def end(self) -> None:
        """Tell it to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SOON_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise


@contextmanager
def services(folder: Path, labels: tuple[str, ...]) -> Iterator[tuple[Served, dict[str, dict[str, str]]]]:
    """All services, and what each label is to have in its environment."""
    with _running(KEEPER, "keeper", "GET /", {}, 1, folder / "keeper.log") as keeper:
        order = {"services": ["postgres", "valkey", "mail", "upstream"], "labels": labels, "tables": _tables()}
        answer = keeper.ask("POST", "/open", content=json.dumps(order))
        assert answer.status_code == 200, answer.text
        yield keeper, {label: {**words, "SECRET_KEY": dataset.SECRET_KEY} for label, words in answer.json().items()}


@contextmanager
def served(contender: str, environment: Mapping[str, str], log: Path, *, workers: int = 1) -> Iterator[Served]:
    """A contender (`app@deployment`, or an app's first) that answers."""
    name, _, deployment_name = contender.partition("@")
    app = KNOWN.apps[name]
    deployment_name = deployment_name or next(iter(app.deployments))
    with _running(app, deployment_name, "GET /healthz", environment, workers, log) as server:
        yield server


def at_once(count: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """So many answers to requests that are all under way before the first is answered."""
    together = threading.Barrier(count)

    def asked(number: int) -> Answer:
        together.wait()
        return ask(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(asked, range(count)))


def statuses(server: Served, request: str, count: int) -> list[int]:
    """What so many connections are answered, all of which have asked before the first answer is read."""
    host, _, port = server.address.removeprefix("http://").partition(":")
    with ExitStack() as open_ones:
        asking = [open_ones.enter_context(socket.create_connection((host, int(port)), SOON_S)) for _ in range(count)]
        for one in asking:
            one.sendall(request.encode())
        return [int(one.recv(65_536).split()[1]) for one in asking]


@contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[socketserver.ThreadingTCPServer]:
    """A server of ours, on a port of its own, in a thread."""

    class Listener(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads, request_queue_size = True, True, 64

    with Listener(("127.0.0.1", 0), handler) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        yield listener
        listener.shutdown()


@contextmanager
def _running(
    app: App, deployment_name: str, ready: str, environment: Mapping[str, str], workers: int, log: Path
) -> Iterator[Served]:
    environments.make(app, ENVIRONMENTS)
    deployment, port = app.deployments[deployment_name], _free_port()
    python = environments.python(app, ENVIRONMENTS)
    words = {"host": "127.0.0.1", "port": port, "workers": workers, "threads": deployment.threads}
    words |= {"python": python, "bin": python.parent, "app": app.folder}
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [word.format_map(words) for word in deployment.command],
            cwd=app.folder,
            env={**own, "LANG": "C.UTF-8", **environment, **deployment.environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until(server, *ready.split())
        yield server
    finally:
        server.end()


def _wait_until(server: Served, method: str, path: str) -> None:
    deadline = time.monotonic() + SOON_S
    while True:
        try:
            if server.ask(method, path).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert server.process.poll() is None, server.logged()
        assert time.monotonic() < deadline, server.logged()
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tables() -> dict[str, str]:
    return {"items": _csv(dataset.items()), "users": _csv(dataset.users())}


def _csv(rows: list[dataset.Row]) -> str:
    lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"
