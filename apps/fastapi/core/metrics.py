"""Counts every answer when it begins, so that whoever has an answer finds it counted."""

import time

from services.metrics import count_answer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CRASHED = 500


class AnswerCount:
    """Counts answers by the view that made them. What fails inside is answered, with 500, further out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, begun = time.perf_counter(), False

        def count(status: int) -> None:
            nonlocal begun
            begun = True
            handler = getattr(scope.get("endpoint"), "__name__", None)
            count_answer(handler, scope["method"], status, time.perf_counter() - started)

        async def send_counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            return await self.app(scope, receive, send_counting)
        except Exception:
            if not begun:
                count(CRASHED)
            raise
