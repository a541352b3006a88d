"""A greeting: the least that a JSON route can do."""

from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.hello import make_greeting


@api_view(["GET"])
def read_greeting(_: Request) -> Response:
    """Greet the world."""
    return Response(make_greeting())


urlpatterns = [path("json", read_greeting)]
