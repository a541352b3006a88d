"""Keeps a connection to the database busy."""

from sqlalchemy import text
from sqlalchemy.orm import Session

DURATION_MS = 50


def sleep(session: Session) -> int:
    """Sleep in the database, and say for how many milliseconds."""
    session.execute(text("SELECT pg_sleep(:duration_s)"), {"duration_s": DURATION_MS / 1000})
    return DURATION_MS
