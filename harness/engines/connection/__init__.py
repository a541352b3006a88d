"""Our engine: Locust users that own their connections, in a process of their own, which gevent patches."""

from __future__ import annotations

from harness.engines.stepping import SteppedEngine


class ConnectionEngine(SteppedEngine):
    """One Locust user for each connection, one connection of each user to each contender."""

    module = "harness.engines.connection"
