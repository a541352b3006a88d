"""What has been counted."""

from core.config import settings
from core.documents import TEXT, describe_content, describe_errors
from fastapi import APIRouter, HTTPException, Response

router = APIRouter()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: describe_content("text/plain", TEXT), **describe_errors(404)},
)
def read_metrics() -> Response:
    """Answer what has been counted."""
    if not settings.prometheus_multiproc_dir:
        raise HTTPException(404)
    from services.metrics import describe_counts  # noqa: PLC0415  # prometheus_client is for those who count

    counts, media_type = describe_counts()
    return Response(counts, media_type=media_type)
