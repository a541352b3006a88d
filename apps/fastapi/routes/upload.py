"""Big bodies, in."""

from core.documents import BYTES, describe_body, describe_errors
from fastapi import APIRouter, Request
from models.schemas import UploadSchema
from services.upload import MAX_BYTES, MEDIA_TYPE, Sum

router = APIRouter()


@router.post(
    "/upload",
    response_model=UploadSchema,
    responses=describe_errors(413, 422),
    openapi_extra=describe_body(MEDIA_TYPE, {**BYTES, "minLength": 1, "maxLength": MAX_BYTES}),
)
async def create_upload(request: Request) -> dict[str, int]:
    """Take a big body in pieces, and answer its size and checksum."""
    total = Sum(request.headers.get("Content-Type"), int(request.headers.get("Content-Length", 0)))
    async for piece in request.stream():
        total.add(piece)
    return total.describe()
