"""Finds items in the database."""

from dataclasses import dataclass

from models.database import Item
from sqlalchemy import func, select
from sqlalchemy.orm import Session

PAGE_SIZE = 20


class UnknownItemError(LookupError):
    """There is no item of this id."""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some of the items that were asked for, and how many there are in all."""

    total: int
    page: int
    page_size: int
    items: list[Item]


def find_items(session: Session, category: str | None, page: int) -> ItemPage:
    """Find a page of items, cheapest first, of one category or of all."""
    wanted = [] if category is None else [Item.category == category]
    total = session.scalar(select(func.count()).select_from(Item).where(*wanted))
    ordered = select(Item).where(*wanted).order_by(Item.price_cents, Item.id)
    items = session.scalars(ordered.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE))
    return ItemPage(total or 0, page, PAGE_SIZE, list(items))


def find_item(session: Session, item_id: int) -> Item:
    """Find one item. Raises UnknownItemError."""
    item = session.get(Item, item_id)
    if item is None:
        raise UnknownItemError(item_id)
    return item
