"""Asks another service, and decides whether its answer makes sense."""

from functools import cache

import httpx
from core.config import settings
from core.lifespan import closing
from models.schemas import RateSchema
from pydantic import ValidationError

TIMEOUT_S = 5
CONNECTIONS = 500  # httpx's 100 would make the client the bottleneck


class UpstreamError(Exception):
    """The other service is down, slow, or makes no sense."""


async def fetch_rate() -> RateSchema:
    """Fetch today's rate. Raises UpstreamError."""
    if settings.upstream_url is None:
        raise RuntimeError("UPSTREAM_URL is not set")
    try:
        response = await _client().get(settings.upstream_url)
        return RateSchema.model_validate_json(response.raise_for_status().content)
    except (httpx.HTTPError, ValidationError) as error:
        raise UpstreamError from error


@cache
def _client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT_S)
    closing.push_async_callback(client.aclose)
    return client
