"""Items of the shop, from the database."""

from typing import Any

from core.dependencies import Session
from core.documents import describe_errors
from fastapi import APIRouter
from models.database import Item
from models.schemas import Category, ItemId, ItemPageSchema, ItemSchema, Page
from services.items import PAGE_SIZE, find_item, find_items

router = APIRouter()


@router.get("/items", response_model=ItemPageSchema, responses=describe_errors(422, 503))
async def read_items(session: Session, category: Category = None, page: Page = "1") -> dict[str, Any]:
    """Answer a page of items with their total."""
    total, items = await find_items(session, category, int(page))
    return {"total": total, "page": int(page), "page_size": PAGE_SIZE, "items": items}


@router.get("/items/{item_id}", response_model=ItemSchema, responses=describe_errors(404, 422, 503))
async def read_item(session: Session, item_id: ItemId) -> Item:
    """Answer one item by its id."""
    return await find_item(session, int(item_id))
