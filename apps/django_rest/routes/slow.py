"""A query that takes its time."""

from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.slow import sleep


@api_view(["GET"])
def read_slow(_: Request) -> Response:
    """Answer after a slow query."""
    return Response({"slept_ms": sleep()})


urlpatterns = [path("slow", read_slow)]
