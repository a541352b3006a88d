"""Big bodies, in."""

from core.bodies import receiving_pieces
from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import SumSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.upload import MAX_BYTES, MEDIA_TYPE, Sum

BODY = {"type": "string", "format": "binary", "minLength": 1, "maxLength": MAX_BYTES}


@extend_schema(request={MEDIA_TYPE: BODY}, responses=answers(SumSerializer, 413, 422))
@api_view(["POST"])
def create_upload(request: Request) -> Response:
    """Take a big body in pieces, and answer its size and checksum."""
    with receiving_pieces(request) as (announced_bytes, pieces):
        total = Sum(request.content_type, announced_bytes)
        for piece in pieces:
            total.add(piece)
        return Response(SumSerializer(total.describe()).data)


urlpatterns = [path("upload", create_upload)]
