"""How another service is asked: by httpx, or by aiohttp where the settings say so."""

from collections.abc import Awaitable, Callable
from functools import cache

import httpx

from core.config import settings
from core.lifespan import closing

TIMEOUT_S = 5
CONNECTIONS = 500  # httpx's and aiohttp's 100 would make the client the bottleneck

Fetch = Callable[[str], Awaitable[bytes]]


class FetchError(Exception):
    """The other service is down, slow, or answers with an error."""


async def fetch(url: str) -> bytes:
    """Fetch what is there. Raises FetchError."""
    return await (_by_httpx if settings.http_client == "httpx" else _by_aiohttp)()(url)


@cache
def _by_httpx() -> Fetch:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT_S)
    closing.push_async_callback(client.aclose)

    async def got(url: str) -> bytes:
        try:
            return (await client.get(url)).raise_for_status().content
        except httpx.HTTPError as error:
            raise FetchError from error

    return got


@cache
def _by_aiohttp() -> Fetch:
    import aiohttp  # noqa: PLC0415  # nobody else's start is to bear it

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        raise_for_status=True,
    )
    closing.push_async_callback(session.close)

    async def got(url: str) -> bytes:
        try:
            async with session.get(url) as response:
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FetchError from error

    return got
