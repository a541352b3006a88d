"""Keeps who has signed up."""

from core.security import CredentialsError, hash_password
from models.database import User
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.concurrency import run_in_threadpool


class EmailTakenError(ValueError):
    """Somebody has signed up with this address before."""


async def sign_up(session: AsyncSession, email: str, password: str) -> None:
    """Keep a new user. Raises EmailTakenError: of two who come at once, the database lets in one."""
    password_hash = await run_in_threadpool(hash_password, password)
    session.add(User(email=email.lower(), password_hash=password_hash))
    try:
        await session.commit()
    except IntegrityError:
        raise EmailTakenError from None


async def find_user(session: AsyncSession, user_id: int) -> User:
    """Find the user whom a token names. Raises CredentialsError."""
    user = await session.get(User, user_id)
    if user is None:
        raise CredentialsError
    return user
