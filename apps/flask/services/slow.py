"""Runs a query that takes its time."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

DURATION_MS = 50


def sleep(session: Session) -> int:
    """Have the database sleep; say for how many milliseconds."""
    session.execute(select(func.pg_sleep(DURATION_MS / 1000)))
    return DURATION_MS
