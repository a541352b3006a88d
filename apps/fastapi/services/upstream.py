"""Asks another service, and decides whether its answer makes sense."""

from core.clients import FetchError, fetch
from core.config import settings
from models.schemas import RateSchema
from pydantic import ValidationError


class UpstreamError(Exception):
    """The other service is down, slow, or makes no sense."""


async def fetch_rate() -> RateSchema:
    """Fetch today's rate. Raises UpstreamError."""
    if settings.upstream_url is None:
        raise RuntimeError("UPSTREAM_URL is not set")
    try:
        return RateSchema.model_validate_json(await fetch(settings.upstream_url))
    except (FetchError, ValidationError) as error:
        raise UpstreamError from error
