"""Decides who has asked too often: the count is kept in one store for all workers."""

import math
import time
from functools import cache

from core.config import settings
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from models.cache import connections

LIMIT = RateLimitItemPerMinute(5)
WINDOW_S = 60


class RateLimitedError(Exception):
    """A client has asked too often."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


async def take_turn(key: str) -> None:
    """Count a request of a client. Raises RateLimitedError once its minute, which begins with the first, is full."""
    if not await _limiter().hit(LIMIT, key):
        window = await _limiter().get_window_stats(LIMIT, key)
        left_s = math.ceil(window.reset_time - time.time())
        raise RateLimitedError(min(max(left_s, 1), WINDOW_S))


@cache
def _limiter() -> FixedWindowRateLimiter:
    store = RedisStorage(f"async+{settings.redis_url}", implementation="redispy", connection_pool=connections())
    return FixedWindowRateLimiter(store)
