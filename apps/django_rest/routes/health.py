"""Whether the service is well."""

from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import StatusSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.health import check_health


@extend_schema(responses=answers(StatusSerializer))
@api_view(["GET"])
def read_health(_: Request) -> Response:
    """Say whether the service can answer."""
    return Response(check_health())


urlpatterns = [path("healthz", read_health)]
