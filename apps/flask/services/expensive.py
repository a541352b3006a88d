"""Decides whether a client has asked too often."""

import math
import time

from core.config import settings
from core.process import Once, get_store
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

LIMIT = RateLimitItemPerMinute(5)


class RateLimitedError(Exception):
    """A client has asked too often."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


def take_turn(key: str) -> None:
    """Take one of a client's five turns a minute, which the workers count together. Raises RateLimitedError."""
    limiter = get_limiter()
    if not limiter.hit(LIMIT, "expensive", key):
        waiting_s = limiter.get_window_stats(LIMIT, "expensive", key).reset_time - time.time()
        raise RateLimitedError(min(max(math.ceil(waiting_s), 1), LIMIT.get_expiry()))


def _make_limiter() -> FixedWindowRateLimiter:
    pool = get_store().connection_pool
    return FixedWindowRateLimiter(RedisStorage(str(settings.redis_url), connection_pool=pool))


get_limiter = Once(_make_limiter, lambda _: None)
