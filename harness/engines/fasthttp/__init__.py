"""Stock Locust, stepped like our own engine: what `FastHttpUser` would have told you."""

from __future__ import annotations

from harness.engines.stepping import SteppedEngine


class FastHttpEngine(SteppedEngine):
    """One `FastHttpUser` for each connection. Reconnects are not seen from outside its client: always 0."""

    module = "harness.engines.fasthttp"
