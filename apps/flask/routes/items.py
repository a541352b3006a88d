"""Items of the shop, from the database."""

from typing import Any

from core.dependencies import get_session
from flask import Blueprint, request
from models.schemas import item_key_schema, item_page_schema, item_schema, items_query_schema
from services.items import find_item, find_items

blueprint = Blueprint("items", __name__)


@blueprint.get("/items")
def read_items() -> dict[str, Any]:
    """Answer a page of items with their total."""
    query = items_query_schema.load(request.args)
    return item_page_schema.dump(find_items(get_session(), query["category"], int(query["page"])))


@blueprint.get("/items/<item_id>")
def read_item(item_id: str) -> dict[str, Any]:
    """Answer one item by its id."""
    key = item_key_schema.load({"item_id": item_id})
    return item_schema.dump(find_item(get_session(), int(key["item_id"])))
