"""A greeting: the least that a JSON route can do."""

from fastapi import APIRouter
from models.schemas import GreetingSchema
from services.hello import make_greeting

router = APIRouter()


@router.get("/json", response_model=GreetingSchema)
async def read_greeting() -> dict[str, str]:
    """Greet the world."""
    return make_greeting()
