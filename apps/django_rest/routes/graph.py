"""The catalogue by GraphQL."""

from core.bodies import receive_body
from core.dependencies import AnyAccept
from core.documents import answers
from cross_web import HTTPException
from django.http import HttpRequest, HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import QueryAnswerSerializer, QuerySerializer
from models.graph import SCHEMA
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from services.graph import ObjectsOnly
from strawberry.django.views import GraphQLView


class Graph(ObjectsOnly, GraphQLView):
    """Strawberry's view, but that what it refuses is an error of REST framework's."""

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        """Answer a query. Raises ParseError, for broken UTF-8 too, of which Strawberry does not think."""
        try:
            return self.run(request=request)
        except (HTTPException, UnicodeDecodeError) as error:
            raise ParseError from error


graph = Graph.as_view(schema=SCHEMA, graphql_ide=None, allow_queries_via_get=False)


@extend_schema(request=QuerySerializer, responses=answers(QueryAnswerSerializer, 413, 422))
@api_view(["POST"])
@content_negotiation_class(AnyAccept)
def query_catalogue(request: Request) -> HttpResponse:
    """Answer a query of the catalogue."""
    receive_body(request)
    return graph(request._request)  # noqa: SLF001  # Strawberry's view is one of Django's, not of REST framework's


urlpatterns = [path("graphql", query_catalogue)]
