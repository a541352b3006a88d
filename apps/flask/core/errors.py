"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from flask import Flask, Response, json, jsonify
from marshmallow import ValidationError
from services.expensive import RateLimitedError
from services.items import UnknownItemError
from services.models import UnknownModelError
from services.upstream import UpstreamError
from services.users import EmailTakenError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from core.security import CredentialsError

ERRORS = {
    401: ("unauthorized", "The credentials are not valid."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    409: ("conflict", "This e-mail address is taken."),
    413: ("too_large", "The request is too large."),
    422: ("invalid_input", "The input is not valid."),
    429: ("rate_limited", "Too many requests. Try again later."),
    500: ("internal_error", "The service failed."),
    502: ("bad_gateway", "Another service failed."),
    503: ("unavailable", "The service is busy. Try again later."),
}
OTHER = ("bad_request", "The request cannot be answered.")
STATUSES = {
    CredentialsError: 401,
    UnknownItemError: 404,
    UnknownModelError: 404,
    EmailTakenError: 409,
    ValidationError: 422,
    RateLimitedError: 429,
    UpstreamError: 502,
    PoolTimeoutError: 503,
}
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}

ErrorBody = dict[str, dict[str, str]]


def register_errors(app: Flask) -> None:
    """Answer every error of `app` in the one shape."""
    app.register_error_handler(HTTPException, on_http_error)
    for refused in STATUSES:
        app.register_error_handler(refused, on_refusal)


def on_http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses, and what nobody expected: Flask hands that over as a 500, and logs it."""
    response = error.get_response()
    response.data = json.dumps(make_error(response.status_code))
    response.content_type = "application/json"
    return response


def on_refusal(error: Exception) -> Response:
    """Answer what the service itself refuses."""
    status = next(status for refused, status in STATUSES.items() if isinstance(error, refused))
    response = jsonify(make_error(status))
    response.status_code = status
    response.headers.update(HEADERS.get(status, {}))
    if isinstance(error, RateLimitedError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def make_error(status: int) -> ErrorBody:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
