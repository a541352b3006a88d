"""What the harness tells a generator process: one Job, as one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness import rendering
from harness.model import Plan, Request, Target, Turn, Value

PAGE_HOST = "127.0.0.1"


class Job(Value):
    """Everything the generator needs to know. `cpus`: where it may run (empty: anywhere). `samples`: a folder."""

    targets: Mapping[str, Target]
    plan: Plan
    turns: tuple[Turn, ...]
    cpus: tuple[int, ...]
    samples: Path | None


def url_host(host: str, port: int) -> str:
    """Host and port as a URL and a Host header write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def rendered(request: Request, host: str, port: int) -> bytes:
    """The request as it goes over the wire: no more headers than HTTP/1.1 demands, as wrk sends them."""
    body = rendering.payload(request) or b""
    length = f"Content-Length: {len(body)}\r\n" if body or request.method not in {"GET", "DELETE"} else ""
    headers = "".join(f"{name}: {value}\r\n" for name, value in rendering.headers(request).items())
    head = f"{request.method} {request.path} HTTP/1.1\r\nHost: {url_host(host, port)}\r\n{headers}{length}\r\n"
    return head.encode("ascii") + body
