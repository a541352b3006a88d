"""The connection engine with users that think between two questions: what no plan has, and a guard must see.

As a module it is the generator's process.
"""

from __future__ import annotations

# Locust patches this process for gevent when it is imported, so it comes first.
import locust  # noqa: F401  # isort: skip

import time
from collections.abc import Iterator

import gevent

from harness.engines.connection.user import Asking, ConnectionUser
from harness.engines.connection.wire import Wire
from harness.engines.generator import serve
from harness.engines.load import Load
from harness.engines.stage import Stage

_THINK_S = 0.005


class ThinkingUser(ConnectionUser):
    """Asks a server that makes no mistakes, and waits a little after each answer."""

    abstract = True

    def _ask(self, load: Load, line: Wire, moments: Iterator[int], questions: Asking) -> None:
        for moment_ns in moments:
            self._journal.starts.append(moment_ns)
            line.ask(next(questions))
            self._journal.ends.append(time.perf_counter_ns())
            load.moved = True
            line.disarm()
            gevent.sleep(_THINK_S)
            line.arm()


if __name__ == "__main__":
    serve(lambda job: Stage(job, ThinkingUser.for_job(job)))
