"""A WebSocket that says everything back."""

from collections.abc import Callable
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path
from services.echo import find_fault


class Echo(AsyncWebsocketConsumer):
    """One conversation."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say a message back, or end the conversation over it."""
        fault = find_fault(bytes_data if text_data is None else text_data)
        if fault:
            await self.close(fault)
        else:
            await self.send(text_data)


async def echo(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Say back what is said, until the client leaves."""
    await Echo()(scope, receive, send)


urlpatterns = []  # whoever asks by HTTP finds nothing here
websocket_urlpatterns = [path("ws/echo", echo)]
