"""Writes the log as lines of JSON, a line for each request if the level says so."""

import json
import logging
import time
from typing import Any

from flask import Flask, Response, g, request

from core.sockets import has_conversed

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


def register_logs(app: Flask) -> None:
    """Log each request of `app`, unless the level says that nobody would read it."""
    if logger.isEnabledFor(logging.INFO):
        app.before_request(note_start)
        app.after_request(log_answer)


def note_start() -> None:
    """Note when a request came in."""
    g.started_s = time.perf_counter()


def log_answer(response: Response) -> Response:
    """Log an answer: never a query, a header or a body, which may hold secrets."""
    if has_conversed():
        return response
    duration_ms = round(1000 * (time.perf_counter() - g.started_s), 3)
    answer = {"method": request.method, "path": request.path, "status": response.status_code}
    logger.info("answered", extra={**answer, "duration_ms": duration_ms})
    return response
