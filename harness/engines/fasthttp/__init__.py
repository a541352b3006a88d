"""Stock Locust, stepped like our own engine: what `FastHttpUser` would have told you."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from harness.engines.base import refuse_echoes
from harness.engines.stepping import SteppedEngine
from harness.model import Placement, Plan, Recording, Target, Turn


class FastHttpEngine(SteppedEngine):
    """One `FastHttpUser` for each connection. Reconnects are not seen from outside its client: always 0."""

    module = "harness.engines.fasthttp"

    def drive(
        self, targets: Mapping[str, Target], plan: Plan, turns: Sequence[Turn], placement: Placement, log: Path
    ) -> Generator[Recording, None, None]:
        """See `engines.base.Engine`. Raises InputError for a load over WebSockets, before anything is started."""
        for target in targets.values():
            refuse_echoes("fasthttp", target.scenario)
        yield from super().drive(targets, plan, turns, placement, log)
