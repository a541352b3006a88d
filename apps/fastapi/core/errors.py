"""Gives every error one shape, `{"error": {"code", "message"}}`, and no error a stack trace."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from services.models import UnknownModelError
from starlette.exceptions import HTTPException

ERRORS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    422: ("invalid_input", "The input is not valid."),
    500: ("internal_error", "The service failed."),
}
OTHER = ("bad_request", "The request cannot be answered.")


def register_errors(app: FastAPI) -> None:
    """Answer every error of `app` in the one shape."""
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_input)
    app.add_exception_handler(UnknownModelError, on_unknown_model)
    app.add_exception_handler(Exception, on_failure)


async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework refuses: unknown addresses, wrong methods."""
    return JSONResponse(make_error(error.status_code), error.status_code, headers=error.headers)


async def on_invalid_input(_: Request, __: RequestValidationError) -> JSONResponse:
    """Answer input that its declaration rejects."""
    return JSONResponse(make_error(422), 422)


async def on_unknown_model(_: Request, __: UnknownModelError) -> JSONResponse:
    """Answer an id that no model has."""
    return JSONResponse(make_error(404), 404)


async def on_failure(_: Request, __: Exception) -> JSONResponse:
    """Answer what nobody expected; the server logs it."""
    return JSONResponse(make_error(500), 500)


def make_error(status: int) -> dict[str, dict[str, str]]:
    """Make the body of an error answer."""
    code, message = ERRORS.get(status, OTHER)
    return {"error": {"code": code, "message": message}}
