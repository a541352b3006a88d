"""The catalogue in memory: the same large answer, with and without a response model."""

from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import CatalogueSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.catalogue import list_entries


@extend_schema(responses=answers(CatalogueSerializer))
@api_view(["GET"])
def read_typed(_: Request) -> Response:
    """Answer the catalogue through the response model."""
    return Response(CatalogueSerializer(list_entries()).data)


@extend_schema(responses=answers(CatalogueSerializer))
@api_view(["GET"])
def read_untyped(_: Request) -> Response:
    """Answer the catalogue as it lies in memory."""
    return Response(list_entries())


urlpatterns = [path("catalogue/typed", read_typed), path("catalogue/untyped", read_untyped)]
