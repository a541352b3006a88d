"""What the harness tells a generator process first: one Job, as one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from harness import rendering
from harness.model import Plan, Request, Target, Turn, Value

PAGE_HOST = "127.0.0.1"
_T = TypeVar("_T")


class Portion(Value):
    """The part of a load that the `index`-th (from 0) `of` several generator processes makes."""

    index: int = 0
    of: int = 1

    def connections(self, planned: int) -> int:
        """How many of these are its own."""
        return len(range(self.index, planned, self.of))

    def rows(self, rows: Sequence[_T], *, once: bool) -> tuple[_T, ...]:
        """Its own rows, where each is asked `once` only; else all of them, but begun at a place of its own."""
        if once:
            return tuple(rows[self.index :: self.of])
        first = len(rows) * self.index // self.of
        return (*rows[first:], *rows[:first])


ALONE = Portion()


class Job(Value):
    """Everything the generator needs to know. `cpus`: where it may run (empty: anywhere). `samples`: a folder.

    Targets, plan and turns are those of the whole load, of which it makes its `portion`.
    """

    targets: Mapping[str, Target]
    plan: Plan
    turns: tuple[Turn, ...]
    cpus: tuple[int, ...]
    samples: Path | None
    portion: Portion = ALONE

    @property
    def connections(self) -> int:
        """How many connections to each target are this generator's."""
        return self.portion.connections(self.plan.connections)


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
