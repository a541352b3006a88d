"""A query that takes its time."""

from core.dependencies import open_session
from flask import Blueprint
from services.slow import sleep

blueprint = Blueprint("slow", __name__)


@blueprint.get("/slow")
def read_slow() -> dict[str, int]:
    """Answer after a slow query."""
    return {"slept_ms": sleep(open_session())}
