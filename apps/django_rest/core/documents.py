"""Describes the service as an OpenAPI document, from its views and serializers."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from models.catalogue import CATEGORIES
from models.described import ErrorSerializer
from models.serializers import API_KEY, ID, PAGE
from rest_framework.serializers import Serializer

from core.lifespan import once

Answer = type[Serializer] | OpenApiTypes
Responses = dict[int | tuple[int, str], Answer]


def path_parameter(name: str) -> OpenApiParameter:
    """Describe an id in an address."""
    return OpenApiParameter(name, str, OpenApiParameter.PATH, pattern=f"^{ID}$")


def query_parameter(name: str, **schema: Any) -> OpenApiParameter:
    """Describe a parameter that may be left out."""
    return OpenApiParameter(name, str, OpenApiParameter.QUERY, **schema)


def answer_header(status: int, name: str, **schema: Any) -> OpenApiParameter:
    """Describe a header of the answers of one status."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, response=[status], **schema)


def answers(answer: Answer, *refusals: int, status: int = 200, media_type: str = "application/json") -> Responses:
    """Describe all answers of a route: the good one, and the errors by which it may refuse."""
    return {(status, media_type): answer} | dict.fromkeys(refusals, ErrorSerializer)


PAGE_PARAMETERS = [
    query_parameter("category", enum=CATEGORIES),
    query_parameter("page", pattern=f"^{PAGE}$", default="1"),
]
API_KEY_HEADER = OpenApiParameter("X-Api-Key", str, OpenApiParameter.HEADER, required=True, pattern=f"^{API_KEY}$")
REFUSAL_HEADERS = [
    answer_header(401, "WWW-Authenticate", enum=["Bearer"]),
    answer_header(429, "Retry-After", pattern="^[1-9][0-9]*$"),
    answer_header(503, "Retry-After", enum=["1"]),
]


class ViewSchema(AutoSchema):
    """Describes a view under its own name, with the headers of its errors."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Describe it; where a body may come, it must, be it no serializer's."""
        operation = super().get_operation(*args, **kwargs)
        if operation and "requestBody" in operation:
            operation["requestBody"]["required"] = True
        return operation

    def get_operation_id(self) -> str:
        """Name it as the function is named."""
        return type(self.view).__name__

    def get_tags(self) -> list[str]:
        """Put it into no group."""
        return []

    def get_auth(self) -> list[dict[str, Any]]:
        """Say what must come along. drf-spectacular says `{}` where that is nothing, which the others leave out."""
        return [needed for needed in super().get_auth() if needed]

    def get_override_parameters(self) -> list[OpenApiParameter]:
        """Add headers; those of statuses that the view does not answer fall away."""
        return [*super().get_override_parameters(), *REFUSAL_HEADERS]


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes how a token comes along; drf-spectacular finds this by itself."""

    target_class = "core.dependencies.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, _: AutoSchema) -> dict[str, str]:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer"}


@once
def document() -> dict[str, Any]:
    """Make the document, once in a process."""
    return SchemaGenerator().get_schema(public=True)
