"""What has been counted."""

from core.config import settings
from core.documents import TEXT, describe
from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@describe(TEXT, 404, media_type="text/plain")
def read_metrics() -> Response:
    """Answer what has been counted."""
    if not settings.prometheus_multiproc_dir:
        raise NotFound
    from services.metrics import describe_counts  # noqa: PLC0415  # with prometheus_client, which only this needs

    body, content_type = describe_counts()
    return Response(body, content_type=content_type)
