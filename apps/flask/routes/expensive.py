"""A route that each client may use five times a minute."""

from core.dependencies import limit_rate
from core.documents import describe, parameters
from flask import Blueprint
from models.described import status_schema
from models.schemas import client_schema

blueprint = Blueprint("expensive", __name__)


@blueprint.get("/expensive")
@describe(status_schema, 422, 429, takes=parameters("header", client_schema))
@limit_rate
def read_expensive() -> dict[str, str]:
    """Answer, unless this client has asked too often."""
    return {"status": "done"}
