"""A route that each client may use five times a minute."""

from core.dependencies import ClientThrottle
from django.urls import path
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.request import Request
from rest_framework.response import Response


@api_view(["GET"])
@throttle_classes([ClientThrottle])
def read_expensive(_: Request) -> Response:
    """Answer, unless this client has asked too often."""
    return Response({"status": "done"})


urlpatterns = [path("expensive", read_expensive)]
