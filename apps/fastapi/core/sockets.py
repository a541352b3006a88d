"""Opens WebSockets, listens to them, and closes those that are left when the service ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import WebSocket, WebSocketDisconnect

GOING_AWAY = 1001  # RFC 6455, section 7.4.1

_open: set[WebSocket] = set()


@asynccontextmanager
async def accepted(socket: WebSocket) -> AsyncIterator[None]:
    """Accept a WebSocket, which is to be closed at the latest when the service ends."""
    await socket.accept()
    _open.add(socket)
    try:
        yield
    finally:
        _open.discard(socket)


async def hear(socket: WebSocket) -> str | bytes:
    """Wait for what is said next: `receive_text` would fail over bytes. Raises WebSocketDisconnect."""
    event = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event["code"])
    text = event.get("text")
    return event["bytes"] if text is None else text


async def close_sockets() -> None:
    """Tell everybody that the service ends. Whoever has just left need not be told."""
    await asyncio.gather(*(socket.close(GOING_AWAY) for socket in _open), return_exceptions=True)
