"""Writes the log as lines of JSON, a line for each request if the level says so."""

import json
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FIELDS = ("method", "path", "status", "duration_ms", "cause")

logger = logging.getLogger("requests")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: what is always there, and those of FIELDS that the record has."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {field: getattr(record, field) for field in FIELDS if hasattr(record, field)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logs(level: str) -> None:
    """Write everything from `level` on to standard error. The servers keep their own logs."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write addresses whole, passwords in them included


class RequestLog:
    """Logs each answer: never a query, a header or a body, which may hold secrets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, answer = time.perf_counter(), {"method": scope["method"], "path": scope["path"]}

        async def send_noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                duration_ms = round(1000 * (time.perf_counter() - started), 3)
                logger.info("answered", extra={**answer, "status": message["status"], "duration_ms": duration_ms})
            await send(message)

        return await self.app(scope, receive, send_noting)
