"""A query that takes its time."""

from core.dependencies import Session
from core.documents import describe_errors
from fastapi import APIRouter
from models.schemas import SleepSchema
from services.slow import sleep

router = APIRouter()


@router.get("/slow", response_model=SleepSchema, responses=describe_errors(503))
async def read_slow(session: Session) -> dict[str, int]:
    """Answer after a slow query."""
    return {"slept_ms": await sleep(session)}
