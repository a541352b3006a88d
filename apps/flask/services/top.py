"""Finds figures by category: in the cache while they are fresh, else in the database."""

import json
from typing import Any

from core.config import settings
from models.cache import connections
from models.database import Item
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

KEY = "top"

Figures = list[dict[str, Any]]


def find_figures(session: Session) -> tuple[Figures, bool]:
    """Find the figures, and whether they were cached. When they expire, all who ask at that moment query."""
    cache = Redis(connection_pool=connections())
    cached = cache.get(KEY)
    if cached is not None:
        return json.loads(cached), True
    figures = _query_figures(session)
    cache.set(KEY, json.dumps(figures), px=round(1000 * settings.cache_ttl_s))
    return figures, False


def _query_figures(session: Session) -> Figures:
    mean = func.sum(Item.price_cents) // func.count()
    columns = (Item.category, func.count().label("items"), mean.label("mean_price_cents"))
    rows = session.execute(select(*columns).group_by(Item.category).order_by(Item.category))
    return [dict(row) for row in rows.mappings()]
