"""Works out figures by category, and keeps them for a while."""

import json
from typing import Any

from core.config import settings
from core.process import get_store
from models.database import Item
from sqlalchemy import func, select
from sqlalchemy.orm import Session

KEY = "top"


def find_figures(session: Session) -> tuple[list[dict[str, Any]], bool]:
    """Find the figures, and whether they were kept. When they expire, all who ask at that moment work them out."""
    kept = get_store().get(KEY)
    if kept is not None:
        return json.loads(kept), True
    figures = _work_out(session)
    get_store().set(KEY, json.dumps(figures), px=round(settings.cache_ttl_s * 1000))
    return figures, False


def _work_out(session: Session) -> list[dict[str, Any]]:
    mean = func.sum(Item.price_cents) // func.count()
    columns = Item.category, func.count().label("items"), mean.label("mean_price_cents")
    rows = session.execute(select(*columns).group_by(Item.category).order_by(Item.category))
    return [dict(row) for row in rows.mappings()]
