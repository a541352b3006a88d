"""What routes ask for: a session, who is calling, whether they may, and a chain of five links that only costs."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from models.database import User, sessions
from services.expensive import take_turn
from services.injection import add_link
from services.users import find_user
from sqlalchemy.ext.asyncio import AsyncSession

from core.security import CredentialsError, read_token

bearer = HTTPBearer(scheme_name="bearer", auto_error=False)  # it would answer in words of its own

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
ApiKey = Annotated[str, Header(alias="X-Api-Key", pattern=r"^[a-z0-9-]{1,64}$")]


async def open_session() -> AsyncIterator[AsyncSession]:
    """Open a session for one request. It takes a connection from the pool when it first needs one."""
    async with sessions()() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def find_caller(credentials: Bearer, session: Session) -> User:
    """Find whose token came along. Raises CredentialsError."""
    if credentials is None:
        raise CredentialsError
    return await find_user(session, read_token(credentials.credentials))


async def limit_rate(key: ApiKey) -> None:
    """Let a client through five times a minute. Raises RateLimitedError."""
    await take_turn(key)


async def link_1() -> int:
    """Begin the chain."""
    return add_link(0)


async def link_2(depth: Annotated[int, Depends(link_1)]) -> int:
    """Add the second link."""
    return add_link(depth)


async def link_3(depth: Annotated[int, Depends(link_2)]) -> int:
    """Add the third link."""
    return add_link(depth)


async def link_4(depth: Annotated[int, Depends(link_3)]) -> int:
    """Add the fourth link."""
    return add_link(depth)


async def link_5(depth: Annotated[int, Depends(link_4)]) -> int:
    """End the chain."""
    return add_link(depth)


Caller = Annotated[User, Depends(find_caller)]
Chain = Annotated[int, Depends(link_5)]
