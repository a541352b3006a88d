"""Somebody's published table: what it claims, what its numbers imply, and how each claim stands beside our own run."""

from harness.audit.beside import beside
from harness.audit.judging import NEAR, WIDENED, audit
from harness.audit.published import (
    PUBLISHED,
    Claim,
    Kind,
    Measure,
    PublishedRow,
    PublishedTable,
    find_published,
    implied_latency_s,
    published_for,
    read_published,
    speaks_of,
)
from harness.audit.standing import FAILING, Apart, Audit, Judged, Standing

__all__ = [
    "FAILING",
    "NEAR",
    "PUBLISHED",
    "WIDENED",
    "Apart",
    "Audit",
    "Claim",
    "Judged",
    "Kind",
    "Measure",
    "PublishedRow",
    "PublishedTable",
    "Standing",
    "audit",
    "beside",
    "find_published",
    "implied_latency_s",
    "published_for",
    "read_published",
    "speaks_of",
]
