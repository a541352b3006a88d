"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from flask import Flask, Response, json
from marshmallow import ValidationError
from services.models import UnknownModelError
from werkzeug.exceptions import HTTPException

ERRORS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    422: ("invalid_input", "The input is not valid."),
    500: ("internal_error", "The service failed."),
}
OTHER = ("bad_request", "The request cannot be answered.")

ErrorBody = dict[str, dict[str, str]]


def register_errors(app: Flask) -> None:
    """Answer every error of `app` in the one shape."""
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(ValidationError, on_invalid_input)
    app.register_error_handler(UnknownModelError, on_unknown_model)


def on_http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses, and what nobody expected: Flask hands that over as a 500, and logs it."""
    response = error.get_response()
    response.data = json.dumps(make_error(response.status_code))
    response.content_type = "application/json"
    return response


def on_invalid_input(_: ValidationError) -> tuple[ErrorBody, int]:
    """Answer input that its declaration rejects."""
    return make_error(422), 422


def on_unknown_model(_: UnknownModelError) -> tuple[ErrorBody, int]:
    """Answer an id that no model has."""
    return make_error(404), 404


def make_error(status: int) -> ErrorBody:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
