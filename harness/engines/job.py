"""What the harness tells a generator process: one Job, as one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.model import Plan, Request, Scenario, Turn, Value

PAGE_HOST = "127.0.0.1"


class Job(Value):
    """Everything the generator needs to know. `cpus`: where it may run (empty: anywhere). `samples`: a folder."""

    addresses: Mapping[str, tuple[str, int]]
    scenario: Scenario
    plan: Plan
    turns: tuple[Turn, ...]
    cpus: tuple[int, ...]
    samples: Path | None


def url_host(host: str, port: int) -> str:
    """Host and port as a URL and a Host header write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def rendered(request: Request, host: str, port: int) -> bytes:
    """The request as it goes over the wire: no more headers than HTTP/1.1 demands, as wrk sends them."""
    length = "" if request.method in {"GET", "DELETE"} else "Content-Length: 0\r\n"
    return f"{request.method} {request.path} HTTP/1.1\r\nHost: {url_host(host, port)}\r\n{length}\r\n".encode("ascii")
