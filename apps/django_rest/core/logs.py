"""Writes the log as lines of JSON, a line for each request if the level says so."""

import json
import logging
import time
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

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


class RequestLog(MiddlewareMixin):
    """Logs each answer: never a query, a header or a body, which may hold secrets."""

    def __init__(self, get_response: Any) -> None:
        if not logger.isEnabledFor(logging.INFO):
            raise MiddlewareNotUsed  # so that a request costs nothing here when nobody would read of it
        super().__init__(get_response)

    def process_request(self, request: HttpRequest) -> None:
        """Note when a request came."""
        request.started = time.perf_counter()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Log what it was answered."""
        duration_ms = round(1000 * (time.perf_counter() - request.started), 3)
        answer = {"status": response.status_code, "duration_ms": duration_ms}
        logger.info("answered", extra={"method": request.method, "path": request.path, **answer})
        return response
