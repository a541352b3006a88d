"""The store that all workers share, and the pool of connections to it."""

from functools import cache

from core.config import settings
from core.lifespan import closing
from redis.asyncio import ConnectionPool

CONNECTIONS = 500  # of the default 100 the 101st fails


@cache
def connections() -> ConnectionPool:
    """Open this process's one pool."""
    if settings.redis_url is None:
        raise RuntimeError("REDIS_URL is not set")
    pool = ConnectionPool.from_url(settings.redis_url, max_connections=CONNECTIONS)
    closing.push_async_callback(pool.aclose)
    return pool
