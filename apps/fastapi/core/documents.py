"""Describes for the OpenAPI document what no signature tells: errors, headers, and bodies that are no model."""

from typing import Any

from models.schemas import ErrorSchema

BYTES = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}

Described = dict[str, Any]


def describe_errors(*statuses: int) -> dict[int | str, Described]:
    """Describe which errors a route may answer, as `responses` of a route take it."""
    return {status: {"model": ErrorSchema, **ERROR_HEADERS.get(status, {})} for status in statuses}


def describe_header(name: str, **limits: Any) -> Described:
    """Describe a header that comes with an answer, as one of `responses` takes it."""
    return {"headers": {name: {"schema": {**TEXT, **limits}, "required": True}}}


def describe_content(media_type: str, schema: Described) -> Described:
    """Describe an answer's body, as one of `responses` takes it."""
    return {"content": {media_type: {"schema": schema}}}


def describe_body(media_type: str, schema: Described) -> Described:
    """Describe a request's body, as `openapi_extra` of a route takes it."""
    return {"requestBody": {**describe_content(media_type, schema), "required": True}}


ERROR_HEADERS = {
    401: describe_header("WWW-Authenticate", enum=["Bearer"]),
    429: describe_header("Retry-After", pattern="^[1-9][0-9]*$"),
    503: describe_header("Retry-After", enum=["1"]),
}
