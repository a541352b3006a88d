"""Makes the service, for an ASGI server: the same views, run by Django in a thread of its own, and WebSockets."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from core.lifespan import closing
from django.core.asgi import get_asgi_application
from django.urls import re_path

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def live(_: Message, receive: Receive, send: Send) -> None:
    """Serve, and close in the end: Django does not hear of a shutdown, and uvicorn leaves without `atexit`.

    Nothing is opened at the start: a service that nobody asks needs nothing.
    """
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    closing.close()
    await send({"type": "lifespan.shutdown.complete"})


def create_app() -> ProtocolTypeRouter:
    """Make the service with its routes and its one shape of error."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"
    http = get_asgi_application()
    from routes.echo import websocket_urlpatterns  # noqa: PLC0415  # routes know of tables, and tables of settings

    sockets = [*websocket_urlpatterns, re_path("", WebsocketDenier.as_asgi())]  # Channels would fail where no route is
    return ProtocolTypeRouter({"http": http, "websocket": URLRouter(sockets), "lifespan": live})


app = create_app()
