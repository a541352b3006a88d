"""What another service says."""

from core.documents import describe
from flask import Blueprint
from models.schemas import rate_schema
from services.upstream import fetch_rate

blueprint = Blueprint("upstream", __name__)


@blueprint.get("/upstream")
@describe(rate_schema, 502)
def read_rate() -> dict[str, float]:
    """Answer what another, slow service says."""
    return rate_schema.dump(fetch_rate())
