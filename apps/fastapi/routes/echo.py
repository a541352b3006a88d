"""A WebSocket that says everything back."""

from core.sockets import accepted
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from services.echo import find_fault

router = APIRouter()


@router.websocket("/ws/echo")
async def echo(socket: WebSocket) -> None:
    """Say back what is said, until the client leaves."""
    try:
        async with accepted(socket):
            while (fault := find_fault(message := await _hear(socket))) is None:
                await socket.send_text(message)
            await socket.close(fault)
    except WebSocketDisconnect:
        pass


async def _hear(socket: WebSocket) -> str | bytes:
    """Wait for what is said next; `receive_text` would fail over bytes. Raises WebSocketDisconnect."""
    event = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event["code"])
    text = event.get("text")
    return event["bytes"] if text is None else text
