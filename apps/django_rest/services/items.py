"""Looks items up."""

from models.database import Item

PAGE_SIZE = 20


class UnknownItemError(LookupError):
    """There is no item of this id."""


def find_items(category: str | None, page: int) -> tuple[int, list[Item]]:
    """Find how many items there are, of one category if it is given, and one page of them, the cheapest first."""
    chosen = Item.objects.all() if category is None else Item.objects.filter(category=category)
    start = PAGE_SIZE * (page - 1)
    return chosen.count(), list(chosen.order_by("price_cents", "id")[start : start + PAGE_SIZE])


def find_item(item_id: int) -> Item:
    """Find one item. Raises UnknownItemError."""
    try:
        return Item.objects.get(pk=item_id)
    except Item.DoesNotExist:
        raise UnknownItemError(item_id) from None
