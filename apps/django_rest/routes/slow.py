"""A query that takes its time."""

from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import SleepSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.slow import sleep


@extend_schema(responses=answers(SleepSerializer, 503))
@api_view(["GET"])
def read_slow(_: Request) -> Response:
    """Answer after a slow query."""
    return Response({"slept_ms": sleep()})


urlpatterns = [path("slow", read_slow)]
