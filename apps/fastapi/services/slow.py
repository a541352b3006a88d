"""Keeps a connection to the database busy."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DURATION_MS = 50


async def sleep(session: AsyncSession) -> int:
    """Sleep in the database, and say for how many milliseconds."""
    await session.execute(text("SELECT pg_sleep(:duration_s)"), {"duration_s": DURATION_MS / 1000})
    return DURATION_MS
