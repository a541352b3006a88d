"""Figures by category, cached."""

from typing import Any

from core.dependencies import open_session
from core.documents import describe
from flask import Blueprint
from models.schemas import figures_schema
from services.top import find_figures

blueprint = Blueprint("top", __name__)


@blueprint.get("/top")
@describe(figures_schema, 503, headers={"X-Cache": {"enum": ["hit", "miss"]}})
def read_top() -> tuple[dict[str, Any], dict[str, str]]:
    """Answer figures by category, from the cache while they are fresh."""
    figures, was_cached = find_figures(open_session())
    return figures_schema.dump({"categories": figures}), {"X-Cache": "hit" if was_cached else "miss"}
