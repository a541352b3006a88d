"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler
from services.models import UnknownModelError

ERRORS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    422: ("invalid_input", "The input is not valid."),
    500: ("internal_error", "The service failed."),
}
OTHER = ("bad_request", "The request cannot be answered.")


def on_api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what a view or REST framework refuses; None leaves what nobody expected to `on_failure`."""
    if isinstance(error, ValidationError):
        return Response(make_error(422), 422)
    if isinstance(error, UnknownModelError):
        return Response(make_error(404), 404)
    response = exception_handler(error, context)
    if response is not None:
        response.data = make_error(response.status_code)
    return response


def on_unknown_address(_: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001  # Django passes it by name
    """Answer an address that no route has."""
    return JsonResponse(make_error(404), status=404)


def on_failure(_: HttpRequest) -> JsonResponse:
    """Answer what nobody expected; Django logs it."""
    return JsonResponse(make_error(500), status=500)


def make_error(status: int) -> dict[str, dict[str, str]]:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
