"""Counts every answer when it begins. Imported only where metrics are wanted, for prometheus_client comes with it."""

import time

from flask import Flask, Response, g, request
from services.metrics import count_answer

from core.sockets import has_conversed


def register_metrics(app: Flask) -> None:
    """Count each answer of `app`: also those of errors and crashes, which pass through here too."""
    app.before_request(note_start)
    app.after_request(count)


def note_start() -> None:
    """Note when a request came in."""
    g.metrics_started_s = time.perf_counter()


def count(response: Response) -> Response:
    """Count an answer under the name of its view."""
    if not has_conversed():
        handler = request.endpoint and request.endpoint.rpartition(".")[2]
        count_answer(handler, request.method, response.status_code, time.perf_counter() - g.metrics_started_s)
    return response
