"""Whether the service is well."""

from fastapi import APIRouter
from models.schemas import StatusSchema
from services.health import check_health

router = APIRouter()


@router.get("/healthz", response_model=StatusSchema)
async def read_health() -> dict[str, str]:
    """Say whether the service can answer."""
    return check_health()
