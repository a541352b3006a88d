"""A route that each client may use five times a minute."""

from core.dependencies import ClientThrottle
from core.documents import API_KEY_HEADER, answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import StatusSerializer
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response


@extend_schema(parameters=[API_KEY_HEADER], responses=answers(StatusSerializer, 422, 429))
@api_view(["GET"])
@throttle_classes([ClientThrottle])
def read_expensive(_: Request) -> Response:
    """Answer, unless this client has asked too often."""
    return Response({"status": "done"})


urlpatterns = [path("expensive", read_expensive)]
