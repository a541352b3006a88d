"""Describes for the OpenAPI document the bodies that FastAPI neither reads nor writes itself."""

from typing import Any

BYTES = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}

Described = dict[str, Any]


def describe_content(media_type: str, schema: Described) -> Described:
    """Describe an answer's body, as `responses` of a route take it."""
    return {"content": {media_type: {"schema": schema}}}


def describe_body(media_type: str, schema: Described) -> Described:
    """Describe a request's body, as `openapi_extra` of a route takes it."""
    return {"requestBody": {**describe_content(media_type, schema), "required": True}}
