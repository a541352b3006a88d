"""The catalogue in memory: the same large answer, with and without a response model."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from models.schemas import CatalogueSchema
from services.catalogue import list_entries

router = APIRouter(prefix="/catalogue")


@router.get("/typed", response_model=CatalogueSchema)
async def read_typed() -> dict[str, Any]:
    """Answer the catalogue through the response model."""
    return list_entries()


@router.get("/untyped", responses={200: {"model": CatalogueSchema}})
async def read_untyped() -> JSONResponse:
    """Answer the catalogue as it lies in memory."""
    return JSONResponse(list_entries())
