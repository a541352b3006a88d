"""Big bodies, out."""

from core.documents import BYTES, describe
from flask import Blueprint, Response
from services.download import HEADERS, MEDIA_TYPE, pieces

blueprint = Blueprint("download", __name__)


@blueprint.get("/download")
@describe(BYTES, media_type=MEDIA_TYPE, headers={name: {"enum": [value]} for name, value in HEADERS.items()})
def read_download() -> Response:
    """Answer a big body in pieces."""
    return Response(pieces(), mimetype=MEDIA_TYPE, headers=HEADERS)
