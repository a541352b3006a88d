"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from psycopg_pool import PoolTimeout
from rest_framework.exceptions import MethodNotAllowed, ParseError, UnsupportedMediaType, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler
from services.items import UnknownItemError
from services.models import UnknownModelError
from services.upload import NoUploadError, UploadTooLargeError
from services.upstream import UpstreamError
from services.users import EmailTakenError

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

# Which status an error means, and the headers that go with it. REST framework knows those of its own.
REFUSALS: dict[type[Exception], tuple[int, dict[str, str]]] = {
    ValidationError: (422, {}),
    ParseError: (422, {}),
    UnsupportedMediaType: (422, {}),
    NoUploadError: (422, {}),
    RequestDataTooBig: (413, {}),
    UploadTooLargeError: (413, {}),
    UnknownModelError: (404, {}),
    UnknownItemError: (404, {}),
    CredentialsError: (401, {"WWW-Authenticate": "Bearer"}),
    EmailTakenError: (409, {}),
    UpstreamError: (502, {}),
    PoolTimeout: (503, {"Retry-After": "1"}),
}


def on_api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what a view or REST framework refuses; None leaves what nobody expected to `on_failure`."""
    reason = find_reason(error, context)
    if type(reason) in REFUSALS:
        status, headers = REFUSALS[type(reason)]
        return Response(make_error(status), status, headers=headers)
    response = exception_handler(reason, context)
    if response is not None:
        response.data = make_error(response.status_code)
    return response


def find_reason(error: Exception, context: dict[str, Any]) -> Exception:
    """Find what a request is refused for, be it something else than what was raised."""
    method = context["request"].method
    if method not in context["view"].allowed_methods:
        return MethodNotAllowed(method)  # the others look at the method first, and only then who is calling
    if isinstance(error, OperationalError) and isinstance(error.__cause__, PoolTimeout):
        return error.__cause__  # Django wraps the errors of a driver, and with them those of its pool
    return error


def on_unknown_address(_: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001  # Django passes it by name
    """Answer an address that no route has."""
    return JsonResponse(make_error(404), status=404)


def on_bad_request(_: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001  # Django passes it by name
    """Answer what Django will not look at: a Host header that no host can have."""
    return JsonResponse(make_error(400), status=400)


def on_failure(_: HttpRequest) -> JsonResponse:
    """Answer what nobody expected; Django logs it."""
    return JsonResponse(make_error(500), status=500)


def make_error(status: int) -> dict[str, dict[str, str]]:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
