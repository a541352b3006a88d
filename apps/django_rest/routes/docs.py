"""What the service offers, for programs and for people."""

from core.dependencies import AnyAccept
from core.documents import document
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.request import Request
from rest_framework.response import Response

DOCUMENT = "/openapi.json"

# Their pages are rendered here already, lest REST framework take them for JSON.
swagger = SpectacularSwaggerView.as_view(url=DOCUMENT, content_negotiation_class=AnyAccept)
redoc = SpectacularRedocView.as_view(url=DOCUMENT, content_negotiation_class=AnyAccept)


@extend_schema(exclude=True)
@api_view(["GET"])
def read_openapi(_: Request) -> Response:
    """Answer the OpenAPI document."""
    return Response(document())


@extend_schema(exclude=True)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def read_docs(request: Request) -> HttpResponse:
    """Show the document in Swagger UI."""
    return swagger(request._request).render()  # noqa: SLF001


@extend_schema(exclude=True)
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def read_redoc(request: Request) -> HttpResponse:
    """Show the document in ReDoc."""
    return redoc(request._request).render()  # noqa: SLF001


urlpatterns = [path("openapi.json", read_openapi), path("docs", read_docs), path("redoc", read_redoc)]
