"""Decides who gets a token."""

from core.security import CredentialsError, check_password, make_token
from models.database import User
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.concurrency import run_in_threadpool


async def log_in(session: AsyncSession, email: str, password: str) -> str:
    """Make a token for whoever knows the password. Raises CredentialsError."""
    async with session.begin():  # and the connection goes back to the pool before the hashing, which takes far longer
        user = await session.scalar(select(User).where(User.email == email.lower()))
    if not await run_in_threadpool(check_password, password, user.password_hash if user else None):
        raise CredentialsError
    return make_token(user.id)
