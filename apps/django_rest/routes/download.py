"""Big bodies, out."""

from core.bodies import as_asked
from core.dependencies import AnyAccept
from core.documents import answer_header, answers
from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.request import Request
from services.download import HEADERS, MEDIA_TYPE, pieces


@extend_schema(
    parameters=[answer_header(200, name, enum=[value]) for name, value in HEADERS.items()],
    responses=answers(OpenApiTypes.BINARY, media_type=MEDIA_TYPE),
)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def read_download(request: Request) -> StreamingHttpResponse:
    """Answer a big body in pieces."""
    return StreamingHttpResponse(as_asked(request, pieces()), content_type=MEDIA_TYPE, headers=HEADERS)


urlpatterns = [path("download", read_download)]
