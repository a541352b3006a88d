"""A chain of five dependencies, and none."""

from core.dependencies import link_1, link_2, link_3, link_4, link_5
from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import ChainSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.injection import add_link, describe_chain


@extend_schema(responses=answers(ChainSerializer))
@api_view(["GET"])
@link_1
@link_2
@link_3
@link_4
@link_5
def read_injected(request: Request) -> Response:
    """Answer through a chain of five dependencies."""
    return Response(describe_chain(request.link_5))


@extend_schema(responses=answers(ChainSerializer))
@api_view(["GET"])
def read_uninjected(_: Request) -> Response:
    """Answer the same without dependencies."""
    return Response(describe_chain(add_link(add_link(add_link(add_link(add_link(0)))))))


urlpatterns = [path("injected", read_injected), path("uninjected", read_uninjected)]
