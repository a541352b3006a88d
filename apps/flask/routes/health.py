"""Whether the service is well."""

from flask import Blueprint
from services.health import check_health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def read_health() -> dict[str, str]:
    """Say whether the service can answer."""
    return check_health()
