"""A route that each client may use five times a minute."""

from core.dependencies import limit_rate
from flask import Blueprint

blueprint = Blueprint("expensive", __name__)


@blueprint.get("/expensive")
@limit_rate
def read_expensive() -> dict[str, str]:
    """Answer, unless this client has asked too often."""
    return {"status": "done"}
