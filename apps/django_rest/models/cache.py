"""The store that all workers share, and the pool of connections to it."""

from typing import Any

from core.lifespan import closing, once
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool

CONNECTIONS = 500  # redis-py refuses the 101st else, where it might wait


@once
def connections() -> ConnectionPool:
    """Open this process's one pool."""
    if not settings.REDIS_URL:
        raise ImproperlyConfigured("REDIS_URL is not set")
    pool = ConnectionPool.from_url(settings.REDIS_URL, max_connections=CONNECTIONS)
    closing.callback(pool.disconnect)
    return pool


class OnePool:
    """What Django is given for a class of pools: it would open one for each thread, on ASGI one for each request."""

    @staticmethod
    def from_url(_: str, **__: Any) -> ConnectionPool:
        """Give the one pool to whoever would open another."""
        return connections()
