"""A query that takes its time."""

from core.dependencies import open_session
from core.documents import describe
from flask import Blueprint
from models.described import sleep_schema
from services.slow import sleep

blueprint = Blueprint("slow", __name__)


@blueprint.get("/slow")
@describe(sleep_schema, 503)
def read_slow() -> dict[str, int]:
    """Answer after a slow query."""
    return {"slept_ms": sleep(open_session())}
