"""Writes the OpenAPI document: from what each view is described to take, answer and refuse, and from the schemas."""

import re
from collections.abc import Callable
from http import HTTPStatus
from inspect import getdoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app
from models.described import error_schema

from core.lifespan import once

JSON = "application/json"
BYTES = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}
BEARER = {"security": [{"bearer": []}]}
ERROR_HEADERS = {
    401: {"WWW-Authenticate": {"enum": ["Bearer"]}},
    429: {"Retry-After": {"pattern": "^[1-9][0-9]*$"}},
    503: {"Retry-After": {"enum": ["1"]}},
}
OPERATION = "openapi_operation"
ARGUMENT = re.compile(r"<(\w+)>")

Described = dict[str, Any]
View = Callable[..., Any]


def describe(
    answer: Any,
    *errors: int,
    status: int = 200,
    media_type: str = JSON,
    headers: Described | None = None,
    takes: Described | None = None,
) -> Callable[[View], View]:
    """Describe a view: its answer, the errors that it may answer instead, and what it takes.

    That is `parameters`, a `body`, or a token (BEARER).
    """
    responses = {status: _describe_answer(status, answer, headers or {}, media_type)}
    responses |= {error: _describe_answer(error, error_schema, ERROR_HEADERS.get(error, {})) for error in errors}

    def described(view: View) -> View:
        setattr(view, OPERATION, {**(takes or {}), "responses": responses})
        return view

    return described


def parameters(place: str, schema: Any) -> Described:
    """Describe what a view takes from its `path`, `query` or `header`."""
    return {"parameters": [{"in": place, "schema": schema}]}


def body(schema: Any, media_type: str = JSON) -> Described:
    """Describe the body that a view takes."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


@once
def document() -> Described:
    """Write the document of the current app: once, when it is first asked for."""
    spec = APISpec("Shop", "1.0.0", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for rule in current_app.url_map.iter_rules():
        view = current_app.view_functions[rule.endpoint]
        if hasattr(view, OPERATION):
            said = {"operationId": view.__name__, "description": getdoc(view), **getattr(view, OPERATION)}
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}  # Flask answers those by itself
            spec.path(ARGUMENT.sub(r"{\1}", rule.rule), operations={method.lower(): said for method in methods})
    return spec.to_dict()


def _describe_answer(status: int, schema: Any, headers: Described, media_type: str = JSON) -> Described:
    described = {"description": HTTPStatus(status).phrase, "content": {media_type: {"schema": schema}}}
    if headers:
        described["headers"] = {
            name: {"required": True, "schema": {**TEXT, **limits}} for name, limits in headers.items()
        }
    return described
