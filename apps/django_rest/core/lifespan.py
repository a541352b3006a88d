"""Closes on shutdown what was opened on the way: whoever opens a pool or a client says here how it is closed."""

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, wraps
from threading import Lock
from typing import TypeVar

Opened = TypeVar("Opened")

closing = ExitStack()
atexit.register(closing.close)  # WSGI knows no shutdown; gunicorn's workers end as any Python does


def once(open_it: Callable[[], Opened]) -> Callable[[], Opened]:
    """Open it when first asked: after any fork, and once for all threads, those that ask first together too."""
    lock, opened = Lock(), cache(open_it)

    @wraps(open_it)
    def open_once() -> Opened:
        with lock:
            return opened()

    return open_once
