"""The store that all workers share, and the pool of connections to it."""

from core.config import settings
from core.lifespan import closing, once
from redis import ConnectionPool

CONNECTIONS = 500  # redis-py refuses the 101st else, where it might wait


@once
def connections() -> ConnectionPool:
    """Open this process's one pool."""
    if settings.redis_url is None:
        raise RuntimeError("REDIS_URL is not set")
    pool = ConnectionPool.from_url(settings.redis_url, max_connections=CONNECTIONS)
    closing.callback(pool.disconnect)
    return pool
