"""Closes on shutdown what was opened on the way: whoever opens a pool or a client says here how it is closed."""

import atexit
import signal
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, wraps
from threading import Lock
from types import FrameType
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


def when_told_to_end(tell: Callable[[], None]) -> None:
    """Have `tell` called on SIGTERM, before what the server does then. It may do no more than set a flag."""
    servers_own = signal.getsignal(signal.SIGTERM)

    def on_signal(number: int, frame: FrameType | None) -> None:
        tell()
        if callable(servers_own):
            servers_own(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    signal.signal(signal.SIGTERM, on_signal)
