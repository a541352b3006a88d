"""Finds figures by category: in the cache while they are fresh, else in the database."""

from typing import Any

from django.core.cache import cache
from django.db.models import Count, Sum
from models.database import Item

KEY = "top"

Figures = list[dict[str, Any]]


def find_figures() -> tuple[Figures, bool]:
    """Find the figures, and whether they were cached. When they expire, all who ask at that moment query."""
    cached = cache.get(KEY)
    if cached is not None:
        return cached, True
    figures = _query_figures()
    cache.set(KEY, figures)
    return figures, False


def _query_figures() -> Figures:
    rows = Item.objects.values("category").annotate(items=Count("*"), cents=Sum("price_cents")).order_by("category")
    return [
        {"category": row["category"], "items": row["items"], "mean_price_cents": row["cents"] // row["items"]}
        for row in rows
    ]
