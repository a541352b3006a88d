"""Load generators: what they drive and what they saw, never what it means. A new engine is one line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.engines.base import Engine
from harness.engines.process import Spot


class Made(Protocol):
    """Makes an engine whose generators are started there; on this machine, if nothing is said."""

    def __call__(self, spots: Sequence[Spot] = ()) -> Engine: ...


def _connection(spots: Sequence[Spot] = ()) -> Engine:
    from harness.engines.connection import ConnectionEngine  # noqa: PLC0415  # only the chosen engine is imported

    return ConnectionEngine(spots)


def _fasthttp(spots: Sequence[Spot] = ()) -> Engine:
    from harness.engines.fasthttp import FastHttpEngine  # noqa: PLC0415  # only the chosen engine is imported

    return FastHttpEngine(spots)


ENGINES: dict[str, Made] = {
    "connection": _connection,
    "fasthttp": _fasthttp,
}
