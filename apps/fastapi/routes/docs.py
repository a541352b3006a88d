"""What the service offers, for programs and for people."""

from core.config import TITLE
from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

PATH = "/openapi.json"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def read_openapi(request: Request) -> JSONResponse:
    """Answer the OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def read_docs() -> HTMLResponse:
    """Show the document in Swagger UI."""
    return get_swagger_ui_html(openapi_url=PATH, title=TITLE)


@router.get("/redoc")
async def read_redoc() -> HTMLResponse:
    """Show the document in ReDoc."""
    return get_redoc_html(openapi_url=PATH, title=TITLE)
