"""A route that each client may use five times a minute."""

from core.dependencies import limit_rate
from core.documents import describe_errors
from fastapi import APIRouter, Depends
from models.schemas import StatusSchema

router = APIRouter()


@router.get(
    "/expensive",
    response_model=StatusSchema,
    responses=describe_errors(422, 429),
    dependencies=[Depends(limit_rate)],
)
async def read_expensive() -> dict[str, str]:
    """Answer, unless this client has asked too often."""
    return {"status": "done"}
