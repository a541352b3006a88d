"""What another service says."""

from flask import Blueprint
from models.schemas import rate_schema
from services.upstream import fetch_rate

blueprint = Blueprint("upstream", __name__)


@blueprint.get("/upstream")
def read_rate() -> dict[str, float]:
    """Answer what another, slow service says."""
    return rate_schema.dump(fetch_rate())
