"""Items of the shop, from the database."""

from typing import Any

from core.dependencies import open_session
from core.documents import describe, parameters
from flask import Blueprint, request
from models.schemas import item_key_schema, item_page_schema, item_schema, items_query_schema
from services.items import PAGE_SIZE, find_item, find_items

blueprint = Blueprint("items", __name__)


@blueprint.get("/items")
@describe(item_page_schema, 422, 503, takes=parameters("query", items_query_schema))
def read_items() -> dict[str, Any]:
    """Answer a page of items with their total."""
    query = items_query_schema.load(dict(request.args.items(multi=True)))  # of two of a name the last
    category, page = query.get("category"), int(query["page"])
    total, items = find_items(open_session(), category, page)
    return item_page_schema.dump({"total": total, "page": page, "page_size": PAGE_SIZE, "items": items})


@blueprint.get("/items/<item_id>")
@describe(item_schema, 404, 422, 503, takes=parameters("path", item_key_schema))
def read_item(item_id: str) -> dict[str, Any]:
    """Answer one item by its id."""
    key = item_key_schema.load({"item_id": item_id})
    return item_schema.dump(find_item(open_session(), int(key["item_id"])))
