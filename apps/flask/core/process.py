"""Decides what a process holds once and shares between threads: made when first needed, closed when the process ends.

Nothing is opened before a worker is forked, and two threads that are first together get the same.
"""

import atexit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

import httpx
from redis import Redis

from core.config import settings

CONNECTIONS = 500  # more than a process has threads or greenlets at work: no client is the bottleneck
UPSTREAM_TIMEOUT_S = 5
MAIL_THREADS = 4

Held = TypeVar("Held")


class Once(Generic[Held]):
    """Calls `make` for the first who asks; `close` gets what was made when the process ends."""

    def __init__(self, make: Callable[[], Held], close: Callable[[Held], object]) -> None:
        self._make, self._close = make, close
        self._held: Held | None = None
        self._lock = Lock()

    def __call__(self) -> Held:
        """Give it to whoever asks."""
        if self._held is None:
            with self._lock:
                if self._held is None:
                    self._held = self._make()
                    atexit.register(self._close, self._held)
        return self._held


def _make_store() -> Redis:
    if settings.redis_url is None:
        raise RuntimeError("REDIS_URL is not set")
    return Redis.from_url(settings.redis_url, max_connections=CONNECTIONS)


def _make_client() -> httpx.Client:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.Client(limits=limits, timeout=UPSTREAM_TIMEOUT_S)


get_store = Once(_make_store, Redis.close)
get_client = Once(_make_client, httpx.Client.close)
# Closing it waits for what it still has to do: a process that ends has sent its mails.
get_background = Once(lambda: ThreadPoolExecutor(MAIL_THREADS, "background"), ThreadPoolExecutor.shutdown)
