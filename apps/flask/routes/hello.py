"""A greeting: the least that a JSON route can do."""

from core.documents import describe
from flask import Blueprint
from models.described import greeting_schema
from services.hello import make_greeting

blueprint = Blueprint("hello", __name__)


@blueprint.get("/json")
@describe(greeting_schema)
def read_greeting() -> dict[str, str]:
    """Greet the world."""
    return make_greeting()
