"""Looks items up."""

from collections.abc import Sequence

from models.database import Item
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

PAGE_SIZE = 20


class UnknownItemError(LookupError):
    """There is no item of this id."""


async def find_items(session: AsyncSession, category: str | None, page: int) -> tuple[int, Sequence[Item]]:
    """Find how many items there are, of one category if it is given, and one page of them, the cheapest first."""
    chosen = select(Item) if category is None else select(Item).where(Item.category == category)
    total = await session.scalar(chosen.with_only_columns(func.count(), maintain_column_froms=True))
    ordered = chosen.order_by(Item.price_cents, Item.id)
    items = await session.scalars(ordered.limit(PAGE_SIZE).offset(PAGE_SIZE * (page - 1)))
    return total or 0, items.all()


async def find_item(session: AsyncSession, item_id: int) -> Item:
    """Find one item. Raises UnknownItemError."""
    item = await session.get(Item, item_id)
    if item is None:
        raise UnknownItemError(item_id)
    return item
