"""Closes on shutdown what was opened on the way: whoever opens a pool or a client says here how it is closed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

closing = AsyncExitStack()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Serve, and close in the end. Nothing is opened at the start: a service that nobody asks needs nothing."""
    async with closing:
        yield
