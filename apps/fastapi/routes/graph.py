"""The catalogue by GraphQL."""

from core.documents import describe_body, describe_errors
from core.limits import LimitedRoute
from fastapi import APIRouter, Request, Response
from models.graph import SCHEMA
from models.schemas import GraphAnswerSchema, GraphQuerySchema
from services.graph import ObjectsOnly
from strawberry.fastapi import GraphQLRouter


class Graph(ObjectsOnly, GraphQLRouter):
    """Strawberry's own view. Its routes are left out: they also take GET and WebSockets, and refuse in plain text."""


graph = Graph(SCHEMA, graphql_ide=None)
router = APIRouter(route_class=LimitedRoute)


@router.post(
    "/graphql",
    response_model=GraphAnswerSchema,
    responses=describe_errors(413, 422),
    openapi_extra=describe_body("application/json", GraphQuerySchema.model_json_schema()),
)
async def query_catalogue(request: Request, response: Response) -> Response:
    """Answer a query of the catalogue."""
    await request.body()  # which may be too large, whatever it says that it is
    graph.temporal_response = response  # where the view looks for it, before it first waits
    return await graph.run(request, context=None, root_value=None)
