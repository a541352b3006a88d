"""Decides who has asked too often: the count is kept in one store for all workers."""

import math
import time

from core.lifespan import once
from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from models.cache import connections

LIMIT = RateLimitItemPerMinute(5)
WINDOW_S = 60


class RateLimitedError(Exception):
    """A client has asked too often."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


def take_turn(key: str) -> None:
    """Count a request of a client. Raises RateLimitedError once its minute, which begins with the first, is full."""
    if not _limiter().hit(LIMIT, key):
        window = _limiter().get_window_stats(LIMIT, key)
        left_s = math.ceil(window.reset_time - time.time())
        raise RateLimitedError(min(max(left_s, 1), WINDOW_S))


@once
def _limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(RedisStorage(settings.REDIS_URL, connection_pool=connections()))
