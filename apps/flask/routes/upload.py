"""Big bodies, in."""

from core.dependencies import PIECE_BYTES, check_end, drain_body
from core.documents import BYTES, body, describe
from flask import Blueprint, Response, request
from models.described import upload_schema
from services.upload import MAX_BYTES, MEDIA_TYPE, Sum

blueprint = Blueprint("upload", __name__)


@blueprint.post("/upload")
@describe(upload_schema, 413, 422, takes=body({**BYTES, "minLength": 1, "maxLength": MAX_BYTES}, MEDIA_TYPE))
def create_upload() -> dict[str, int]:
    """Take a big body in pieces, and answer its size and checksum."""
    request.max_content_length = MAX_BYTES + 1  # in place of the limit of other bodies
    total = Sum(request.content_type, request.content_length)
    while piece := request.stream.read(PIECE_BYTES):
        total.add(piece)
    check_end(total.size_bytes)
    return total.describe()


@blueprint.after_request
def _drain(response: Response) -> Response:
    drain_body()
    return response
