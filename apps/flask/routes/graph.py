"""The catalogue by GraphQL."""

from http import HTTPStatus

from core.dependencies import measure_body
from core.documents import body, describe
from flask import Blueprint, Response
from models.described import query_schema, result_schema
from models.graph import SCHEMA
from services.graph import ObjectsOnly
from strawberry.flask.views import GraphQLView
from werkzeug.exceptions import UnprocessableEntity

blueprint = Blueprint("graph", __name__)


class Graph(ObjectsOnly, GraphQLView):
    """Strawberry's view, for objects only."""


graph = Graph.as_view("graph", schema=SCHEMA, graphql_ide=None, allow_queries_via_get=False)


@blueprint.post("/graphql")
@describe(result_schema, 413, 422, takes=body(query_schema))
def query_catalogue() -> Response:
    """Answer a query of the catalogue."""
    measure_body()
    try:
        answer = graph()
    except UnicodeDecodeError:
        raise UnprocessableEntity from None
    if answer.status_code == HTTPStatus.BAD_REQUEST:  # Strawberry's word for a body that is no query, in plain text
        raise UnprocessableEntity
    return answer
