"""Whether the service is well."""

from core.documents import describe
from flask import Blueprint
from models.described import status_schema
from services.health import check_health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@describe(status_schema)
def read_health() -> dict[str, str]:
    """Say whether the service can answer."""
    return check_health()
