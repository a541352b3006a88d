"""Big bodies, out."""

from core.documents import BYTES, describe_content, describe_header
from core.streams import stream
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from services.download import HEADERS, MEDIA_TYPE, pieces

DISPOSITION = "Content-Disposition"
ANSWER = describe_content(MEDIA_TYPE, BYTES) | describe_header(DISPOSITION, enum=[HEADERS[DISPOSITION]])

router = APIRouter()


@router.get("/download", response_class=StreamingResponse, responses={200: ANSWER})
async def read_download() -> StreamingResponse:
    """Answer a big body in pieces."""
    return StreamingResponse(stream(pieces()), media_type=MEDIA_TYPE, headers=HEADERS)
