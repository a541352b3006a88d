"""Asks another service."""

import httpx
from core.config import settings
from core.process import get_client


class UpstreamError(Exception):
    """The other service is down, slow, or answers nonsense."""


def fetch_rate() -> float:
    """Fetch the rate anew. Raises UpstreamError."""
    if settings.upstream_url is None:
        raise RuntimeError("UPSTREAM_URL is not set")
    try:
        answer = get_client().get(settings.upstream_url)
        answer.raise_for_status()
        return _read_rate(answer.json())
    except (httpx.HTTPError, ValueError) as error:
        raise UpstreamError from error


def _read_rate(body: object) -> float:
    rate = body.get("rate") if isinstance(body, dict) else None
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise ValueError("no rate")  # noqa: TRY004  # what is wrong is the answer, not the call
    return rate
