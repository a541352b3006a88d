"""A WebSocket that says everything back."""

from core.sockets import accepted, hear
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from services.echo import find_fault

router = APIRouter()


@router.websocket("/ws/echo")
async def echo(socket: WebSocket) -> None:
    """Say back what is said, until the client leaves."""
    try:
        async with accepted(socket):
            while (fault := find_fault(message := await hear(socket))) is None:
                await socket.send_text(message)
            await socket.close(fault)
    except WebSocketDisconnect:
        pass
