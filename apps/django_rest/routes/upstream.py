"""What another service says."""

from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import RateSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.upstream import fetch_rate


@extend_schema(responses=answers(RateSerializer, 502))
@api_view(["GET"])
def read_rate(_: Request) -> Response:
    """Answer what another, slow service says."""
    return Response(RateSerializer(fetch_rate()).data)


urlpatterns = [path("upstream", read_rate)]
