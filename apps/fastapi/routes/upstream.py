"""What another service says."""

from core.documents import describe_errors
from fastapi import APIRouter
from models.schemas import RateSchema
from services.upstream import fetch_rate

router = APIRouter()


@router.get("/upstream", responses=describe_errors(502))
async def read_rate() -> RateSchema:
    """Answer what another, slow service says."""
    return await fetch_rate()
