"""A route that each client may use five times a minute."""

from flask import Blueprint, request
from models.schemas import client_schema
from services.expensive import take_turn

blueprint = Blueprint("expensive", __name__)


@blueprint.get("/expensive")
def read_expensive() -> dict[str, str]:
    """Answer, unless this client has asked too often."""
    client = client_schema.load({"key": request.headers.get("X-Api-Key")})
    take_turn(client["key"])
    return {"status": "done"}
