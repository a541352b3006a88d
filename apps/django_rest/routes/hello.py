"""A greeting: the least that a JSON route can do."""

from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import GreetingSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.hello import make_greeting


@extend_schema(responses=answers(GreetingSerializer))
@api_view(["GET"])
def read_greeting(_: Request) -> Response:
    """Greet the world."""
    return Response(make_greeting())


urlpatterns = [path("json", read_greeting)]
