"""Runs what an answer need not wait for, in threads of this process, and finishes it on shutdown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.lifespan import closing

THREADS = 4

# Its threads are made when there is work, never before a fork. To close it is to wait for all that it was given.
_executor = closing.enter_context(ThreadPoolExecutor(THREADS, "background"))


def run_later(work: Callable[..., None], *values: Any) -> None:
    """Have `work` done with `values`, soon. It sees to its own failures: nobody waits for it."""
    _executor.submit(work, *values)
