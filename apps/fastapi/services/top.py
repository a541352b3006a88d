"""Finds figures by category: in the cache while they are fresh, else in the database."""

import json
from typing import Any

from core.config import settings
from models.cache import connections
from models.database import Item
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

KEY = "top"

Figures = list[dict[str, Any]]


async def find_figures(session: AsyncSession) -> tuple[Figures, bool]:
    """Find the figures, and whether they were cached. When they expire, all who ask at that moment query."""
    cache = Redis(connection_pool=connections())
    cached = await cache.get(KEY)
    if cached is not None:
        return json.loads(cached), True
    figures = await _query_figures(session)
    await cache.set(KEY, json.dumps(figures), px=round(1000 * settings.cache_ttl_s))
    return figures, False


async def _query_figures(session: AsyncSession) -> Figures:
    mean = func.sum(Item.price_cents) // func.count()
    columns = (Item.category, func.count().label("items"), mean.label("mean_price_cents"))
    rows = await session.execute(select(*columns).group_by(Item.category).order_by(Item.category))
    return [dict(row) for row in rows.mappings()]
