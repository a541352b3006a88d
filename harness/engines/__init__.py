"""Load generators: what they drive and what they saw, never what it means. A new engine is one line in `ENGINES`."""

from collections.abc import Callable

from harness.engines.base import Engine


def _connection() -> Engine:
    from harness.engines.connection import ConnectionEngine  # noqa: PLC0415  # only the chosen engine is imported

    return ConnectionEngine()


def _fasthttp() -> Engine:
    from harness.engines.fasthttp import FastHttpEngine  # noqa: PLC0415  # only the chosen engine is imported

    return FastHttpEngine()


ENGINES: dict[str, Callable[[], Engine]] = {
    "connection": _connection,
    "fasthttp": _fasthttp,
}
