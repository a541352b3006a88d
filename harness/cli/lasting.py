"""How long machines at AWS must live for what is to be measured on them: known before they are made."""

from __future__ import annotations

from collections.abc import Iterable

from harness import campaign, prepare
from harness.cli.places import Where
from harness.model import ResultSet
from harness.prepare import Asked, Entry

TO_MAKE_S = 20 * 60.0  # machines, packages and environments


def needed_s(where: Where, runs: Iterable[tuple[Entry, Asked, ResultSet | None]]) -> float:
    """About the seconds from now to the end of these runs, each with what it has already; 0 anywhere but at AWS."""
    if not where.is_at_aws:
        return 0.0
    from harness.hosts.aws.planned import PlannedHost

    placement = PlannedHost().placement
    return TO_MAKE_S + sum(
        prepare.seconds(prepare.plan(entry, asked, placement), entry) * _lacking(before)
        for entry, asked, before in runs
    )


def _lacking(before: ResultSet | None) -> float:
    """The share of a run that is still to be measured."""
    return 1 - len(before.counted) / campaign.steps(before.head) if before else 1.0
