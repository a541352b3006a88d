"""Counts answers for all workers together, in files of the folder that PROMETHEUS_MULTIPROC_DIR names.

prometheus_client reads that name when it is imported: so import this only where there is such a folder.
"""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_HANDLER = "none"
WRONG_METHOD = 405

_answers = Counter("http_requests_total", "Requests that were answered.", ["handler", "method", "status"])
_durations = Histogram("http_request_duration_seconds", "Time until an answer began.", ["handler", "method"])


def count_answer(handler: str | None, method: str, status: int, seconds: float) -> None:
    """Count an answer of the view `handler`; None: no view was found. A wrong method finds none either."""
    if handler is None or status == WRONG_METHOD:
        handler = NO_HANDLER
    if method not in METHODS:
        method = "other"
    _answers.labels(handler, method, str(status)).inc()
    _durations.labels(handler, method).observe(seconds)


def describe_counts() -> tuple[bytes, str]:
    """Describe what all workers have counted, as Prometheus reads it, and say of which media type that is."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST
