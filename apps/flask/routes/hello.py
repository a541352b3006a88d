"""A greeting: the least that a JSON route can do."""

from flask import Blueprint
from services.hello import make_greeting

blueprint = Blueprint("hello", __name__)


@blueprint.get("/json")
def read_greeting() -> dict[str, str]:
    """Greet the world."""
    return make_greeting()
