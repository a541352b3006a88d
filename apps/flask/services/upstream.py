"""Asks another service, and decides whether its answer makes sense."""

import httpx
from core.config import settings
from core.lifespan import closing, once
from marshmallow import ValidationError
from models.schemas import rate_schema

TIMEOUT_S = 5
CONNECTIONS = 500  # httpx's 100 would make the client the bottleneck


class UpstreamError(Exception):
    """The other service is down, slow, or makes no sense."""


def fetch_rate() -> dict[str, float]:
    """Fetch today's rate. Raises UpstreamError."""
    if settings.upstream_url is None:
        raise RuntimeError("UPSTREAM_URL is not set")
    try:
        return rate_schema.load(_client().get(settings.upstream_url).raise_for_status().json())
    except (httpx.HTTPError, ValueError, ValidationError) as error:
        raise UpstreamError from error


@once
def _client() -> httpx.Client:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return closing.enter_context(httpx.Client(limits=limits, timeout=TIMEOUT_S))
