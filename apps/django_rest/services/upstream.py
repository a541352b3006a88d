"""Asks another service, and decides whether its answer makes sense."""

import httpx
from core.lifespan import closing, once
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from models.serializers import RateSerializer
from rest_framework.exceptions import ValidationError

TIMEOUT_S = 5
CONNECTIONS = 500  # httpx's 100 would make the client the bottleneck


class UpstreamError(Exception):
    """The other service is down, slow, or makes no sense."""


def fetch_rate() -> dict[str, float]:
    """Fetch today's rate. Raises UpstreamError."""
    if not settings.UPSTREAM_URL:
        raise ImproperlyConfigured("UPSTREAM_URL is not set")
    try:
        rate = RateSerializer(data=_client().get(settings.UPSTREAM_URL).raise_for_status().json())
        rate.is_valid(raise_exception=True)
    except (httpx.HTTPError, ValueError, ValidationError) as error:
        raise UpstreamError from error
    return rate.validated_data


@once
def _client() -> httpx.Client:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return closing.enter_context(httpx.Client(limits=limits, timeout=TIMEOUT_S))
