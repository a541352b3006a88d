"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from flask import Flask, Response, json
from gunicorn.http.errors import ParseException
from marshmallow import ValidationError
from services.expensive import RateLimitedError
from services.items import UnknownItemError
from services.models import UnknownModelError
from services.upload import NoUploadError, UploadTooLargeError
from services.upstream import UpstreamError
from services.users import EmailTakenError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.routing import WebsocketMismatch
from wsproto.utilities import RemoteProtocolError

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

# Which status an error of ours or of a library means, and the headers that go with it.
REFUSALS: dict[type[Exception], tuple[int, dict[str, str]]] = {
    ValidationError: (422, {}),
    UnknownModelError: (404, {}),
    UnknownItemError: (404, {}),
    CredentialsError: (401, {"WWW-Authenticate": "Bearer"}),
    EmailTakenError: (409, {}),
    UpstreamError: (502, {}),
    UploadTooLargeError: (413, {}),
    NoUploadError: (422, {}),
    ClientDisconnected: (422, {}),  # a body that breaks off
    ParseException: (422, {}),  # gunicorn's, over a body in pieces that are none
    WebsocketMismatch: (404, {}),  # a plain request where a WebSocket is spoken, or the other way round
    RemoteProtocolError: (400, {}),  # no handshake
    PoolTimeoutError: (503, {"Retry-After": "1"}),
}

ErrorBody = dict[str, dict[str, str]]
ErrorAnswer = tuple[ErrorBody, int, dict[str, str]]


def register_errors(app: Flask) -> None:
    """Answer every error of `app` in the one shape."""
    for error in REFUSALS:
        app.register_error_handler(error, on_refusal)
    app.register_error_handler(RateLimitedError, on_rate_limited)
    app.register_error_handler(HTTPException, on_http_error)


def on_refusal(error: Exception) -> ErrorAnswer:
    """Answer what was refused for a known reason."""
    status, headers = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    return make_error(status), status, headers


def on_rate_limited(error: RateLimitedError) -> ErrorAnswer:
    """Answer a client that has to wait."""
    return make_error(429), 429, {"Retry-After": str(error.retry_after_s)}


def on_http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses, and what nobody expected: Flask hands that over as a 500, and logs it."""
    response = error.get_response()
    response.data = json.dumps(make_error(response.status_code))
    response.content_type = "application/json"
    return response


def make_error(status: int) -> ErrorBody:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
