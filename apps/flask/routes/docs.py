"""What the service offers, for programs and for people."""

from typing import Any

from core.documents import document
from flask import Blueprint, render_template

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
def read_openapi() -> dict[str, Any]:
    """Answer the OpenAPI document."""
    return document()


@blueprint.get("/docs")
def read_docs() -> str:
    """Show the document in Swagger UI."""
    return render_template("docs.html")


@blueprint.get("/redoc")
def read_redoc() -> str:
    """Show the document in ReDoc."""
    return render_template("redoc.html")
