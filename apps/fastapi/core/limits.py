"""Refuses requests that are too large. FastAPI's own `max_body_size` answers in plain text, not in our one shape."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

MAX_BODY_BYTES = 65_536
TOO_LARGE = 413


class LimitedRoute(APIRoute):
    """A route that reads so much of a body and no more."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answer as any route does, but for bodies that are too large."""
        answer = super().get_route_handler()

        async def answer_limited(request: Request) -> Response:
            return await answer(Request(request.scope, _limit(request.receive)))

        return answer_limited


def _limit(receive: Receive) -> Receive:
    size_bytes = 0

    async def receive_limited() -> Message:
        nonlocal size_bytes
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if size_bytes > MAX_BODY_BYTES:
            raise HTTPException(TOO_LARGE)
        return message

    return receive_limited
