"""What idle WebSockets cost a server: many are opened and held, and its memory is read before and meanwhile.

It is a server of its own, which no load has made hold memory for the next ones. None of this is timed.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.protocol import State

from harness.errors import LaunchError
from harness.field import Field, launch
from harness.hosts.base import Server
from harness.model import Failure, IdleOutcome, Request
from harness.services import Services

PATIENCE_S = 5.0
"""With no further one open after so long, a server has as many as it takes."""
SETTLE_S = 2.0
_AT_ONCE = 100
_CLOSED_WITHIN_S = 5.0
_OWN_FILES = 100  # beside the connections


class _Opened(NamedTuple):
    """Connections, and why there are no more; None: these are all that were asked for."""

    lines: Sequence[ClientConnection]
    ended: str | None


def play(field: Field, block: int, attempt: int, label: str, beside: Services) -> IdleOutcome:
    """Launch a contender, have it hold idle connections for a moment, and end it. What fails is in the outcome."""
    outcome = IdleOutcome(block=block, attempt=attempt, contender=label, asked=field.plan.idle_connections)
    opening = field.scenarios[label].websocket
    assert opening, "only a scenario that opens WebSockets has idle ones"
    try:
        with launch(field, label, f"block{block}-idle-{label}.log", beside.environment(label)) as server:
            return asyncio.run(_held(server, opening, outcome))
    except LaunchError as error:
        failure = Failure(stage="idle", message=error.message, hint=error.hint)
    except (OSError, WebSocketException) as error:
        failure = Failure(stage="idle", message=f"`{label}` opened no WebSocket: {error}")
    return outcome.model_copy(update={"failure": failure})


async def _held(server: Server, opening: Request, outcome: IdleOutcome) -> IdleOutcome:
    """The outcome with what was seen.

    What a server, or one of its workers, loads for its first WebSocket is there before the first reading. Raises
    LaunchError when the server is gone, OSError or WebSocketException if it opens not even one.
    """
    await _close([await _first(server, opening)])
    before = server.usage()
    opened = await _opened(server, opening, outcome.asked)
    try:
        await asyncio.sleep(SETTLE_S)
        holding = server.usage()
        still = sum(line.state is State.OPEN for line in opened.lines)
    finally:
        await _close(opened.lines)
    lost = len(opened.lines) - still
    ended = f"it closed {lost} of them while they were idle" if lost else opened.ended
    memory = {"before_bytes": before.memory_bytes, "holding_bytes": holding.memory_bytes}
    return outcome.model_copy(update={"opened": still, "ended": ended and ended + _files(server, outcome), **memory})


def _files(server: Server, outcome: IdleOutcome) -> str:
    """A server that came to its limit of files does not say so itself."""
    files = server.launched.enforcement.held.get("open_files")
    return "" if files is None or files > outcome.asked + _OWN_FILES else f"; it may open {files:,} files"


async def _opened(server: Server, opening: Request, asked: int) -> _Opened:
    """As many as were asked for, or as can be had: a server may open no more, refuse, or keep waiting."""
    wanted = min(asked, allowed(asked))
    ended = None if wanted == asked else f"the harness may open {wanted + _OWN_FILES:,} files"
    lines: list[ClientConnection] = []
    waiting: set[asyncio.Task[ClientConnection]] = set()
    try:
        while len(lines) < wanted:
            fewer = min(_AT_ONCE, wanted - len(lines)) - len(waiting)
            waiting |= {asyncio.create_task(_connected(server, opening)) for _ in range(fewer)}
            done, waiting = await asyncio.wait(waiting, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            lines += [task.result() for task in done if not task.exception()]
            if refused := next(filter(None, (task.exception() for task in done)), None):
                return _Opened(lines, f"it refused a further one: {refused}")
            if not done:
                return _Opened(lines, f"no further one was open within {PATIENCE_S:g} s")
    except BaseException:
        await _close(lines)
        raise
    finally:
        await _given_up(waiting)
    return _Opened(lines, ended)


async def _first(server: Server, opening: Request) -> ClientConnection:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _connected(server, opening)
    except TimeoutError as error:
        raise TimeoutError(f"it kept the first one waiting for {PATIENCE_S:g} s") from error


async def _connected(server: Server, opening: Request) -> ClientConnection:
    """A WebSocket as the scenario opens it. It answers pings, and sends nothing by itself."""
    host, port = server.door()
    return await connect(
        f"ws://{host}:{port}{opening.path}",
        additional_headers=opening.headers,
        compression=None,
        proxy=None,
        open_timeout=None,
        ping_interval=None,
        close_timeout=_CLOSED_WITHIN_S,
    )


async def _close(lines: Sequence[ClientConnection]) -> None:
    """Say goodbye on all at once. What does not end so is cut off."""
    try:
        await asyncio.gather(*(line.close() for line in lines), return_exceptions=True)
    finally:
        for line in lines:
            line.transport.abort()


async def _given_up(waiting: set[asyncio.Task[ClientConnection]]) -> None:
    """End what is still to be opened, and what was opened just now."""
    for task in waiting:
        task.cancel()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    await _close([one for one in ended if isinstance(one, ClientConnection)])


def allowed(connections: int) -> int:
    """How many of so many connections this process may open, once its limit of files is as high as it may be."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _OWN_FILES
    if limit != resource.RLIM_INFINITY and limit < needed:
        limit = needed if most == resource.RLIM_INFINITY else min(needed, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return connections if limit == resource.RLIM_INFINITY else min(connections, limit - _OWN_FILES)
