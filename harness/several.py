"""From one run that was asked for to several in one folder: at several numbers of connections, or in scenarios."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness import catalog
from harness.model import Plan
from harness.prepare import Asked

USUAL = {"blocks": 8, "rounds": 5, "starts": 5}  # a rotation is long with so many runs
QUICK = {"rounds": 2}  # all scenarios may take 20 minutes


def sweep(asked: Asked, counts: Sequence[int]) -> tuple[Asked, ...]:
    """The same once for each number of connections.

    With over 1,500 connections slices may be longer, so that a server of 1,000 requests a second still has four
    turnovers in one, of which two are counted, and never shorter than the scenario allows; warm-ups grow from 400
    connections on. Idle connections are the same beside any load: the first run alone has them.
    """
    usual = Plan.model_fields
    scenario = catalog.read().scenarios.get(asked.scenario)
    warm_s = asked.plan.get("warm_s") or (scenario and scenario.warm_s) or usual["warm_s"].default
    allowed_s = asked.plan.get("slice_max_s") or (scenario and scenario.slice_max_s) or usual["slice_max_s"].default
    slice_max_s = {count: 4e-3 * count for count in counts if 4e-3 * count > allowed_s}
    return _alike(
        asked,
        [
            {"connections": count, "warm_s": max(warm_s, 2e-3 * count)}
            | ({"slice_max_s": slice_max_s[count]} if count in slice_max_s else {})
            | ({"idle_connections": 0} if place else {})
            for place, count in enumerate(counts)
        ],
    )


def matrix(asked: Asked, scenarios: Sequence[str]) -> tuple[Asked, ...]:
    """The same once in each scenario."""
    each = _alike(asked, [{} for _ in scenarios])
    return tuple(replace(one, scenario=name) for one, name in zip(each, scenarios, strict=True))


def is_sweep(plans: Sequence[Plan]) -> bool:
    """Whether several runs differ in their connections; else they differ in their scenario."""
    return len(plans) > 1 and len({plan.scenario for plan in plans}) == 1


def _alike(asked: Asked, each: Sequence[Mapping[str, Any]]) -> tuple[Asked, ...]:
    """The same but for some fields of the plan: with one seed, and with cold starts in the first alone."""
    common = {"seed": secrets.randbelow(2**32), **USUAL, **asked.plan}
    none = {"starts": 0}
    return tuple(
        replace(asked, plan={**common, **(none if place else {}), **fields}) for place, fields in enumerate(each)
    )
