"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from cross_web import HTTPException as GraphRefusal
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from services.expensive import RateLimitedError
from services.items import UnknownItemError
from services.models import UnknownModelError
from services.upload import NoUploadError, UploadTooLargeError
from services.upstream import UpstreamError
from services.users import EmailTakenError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

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
UNREADABLE = 400  # of a body: FastAPI calls broken JSON 422, but broken UTF-8 400
OTHER = ("bad_request", "The request cannot be answered.")

# Which status an error of ours or of a library means, and the headers that go with it.
REFUSALS: dict[type[Exception], tuple[int, dict[str, str]]] = {
    RequestValidationError: (422, {}),
    GraphRefusal: (422, {}),
    NoUploadError: (422, {}),
    UploadTooLargeError: (413, {}),
    ClientDisconnect: (422, {}),  # nobody is left to read it, and nothing of ours failed
    UnknownModelError: (404, {}),
    UnknownItemError: (404, {}),
    CredentialsError: (401, {"WWW-Authenticate": "Bearer"}),
    EmailTakenError: (409, {}),
    UpstreamError: (502, {}),
    PoolTimeoutError: (503, {"Retry-After": "1"}),
    Exception: (500, {}),
}


def register_errors(app: FastAPI) -> None:
    """Answer every error of `app` in the one shape."""
    for error in REFUSALS:
        app.add_exception_handler(error, on_refusal)
    app.add_exception_handler(RateLimitedError, on_rate_limited)
    app.add_exception_handler(HTTPException, on_http_error)


async def on_refusal(_: Request, error: Exception) -> JSONResponse:
    """Answer what was refused for a known reason; what nobody expected is a 500, which the server logs."""
    status, headers = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    return JSONResponse(make_error(status), status, headers=headers)


async def on_rate_limited(_: Request, error: RateLimitedError) -> JSONResponse:
    """Answer a client that has to wait."""
    return JSONResponse(make_error(429), 429, headers={"Retry-After": str(error.retry_after_s)})


async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework refuses: unknown addresses, wrong methods, bodies too large or not to be read."""
    status = 422 if error.status_code == UNREADABLE else error.status_code
    return JSONResponse(make_error(status), status, headers=error.headers)


def make_error(status: int) -> dict[str, dict[str, str]]:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
