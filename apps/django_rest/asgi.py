"""Makes the service, for an ASGI server: the same views, run by Django in a thread of its own."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django
from core.lifespan import closing
from django.core.handlers.asgi import ASGIHandler

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Service(ASGIHandler):
    """Django's own handler, which does not hear of a shutdown, and one that does: uvicorn leaves without `atexit`."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        """Serve, and close in the end. Nothing is opened at the start: a service that nobody asks needs nothing."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        closing.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app() -> Service:
    """Make the service with its routes and its one shape of error."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"
    django.setup(set_prefix=False)
    return Service()


app = create_app()
