"""A greeting: the least that a JSON route can do."""

from fastapi import APIRouter
from services.hello import make_greeting

router = APIRouter()


@router.get("/json")
async def read_greeting() -> dict[str, str]:
    """Greet the world."""
    return make_greeting()
