"""Figures by category, cached."""

from typing import Any

from core.dependencies import Session
from core.documents import describe_errors, describe_header
from fastapi import APIRouter, Response
from models.schemas import TopSchema
from services.top import find_figures

ANSWERS = {200: describe_header("X-Cache", enum=["hit", "miss"]), **describe_errors(503)}

router = APIRouter()


@router.get("/top", response_model=TopSchema, responses=ANSWERS)
async def read_top(session: Session, response: Response) -> dict[str, Any]:
    """Answer figures by category, from the cache while they are fresh."""
    figures, was_cached = await find_figures(session)
    response.headers["X-Cache"] = "hit" if was_cached else "miss"
    return {"categories": figures}
