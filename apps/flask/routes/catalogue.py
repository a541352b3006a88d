"""The catalogue in memory: the same large answer, with and without a response model."""

from typing import Any

from core.documents import describe
from flask import Blueprint, Response, jsonify
from models.schemas import catalogue_schema
from services.catalogue import list_entries

blueprint = Blueprint("catalogue", __name__)


@blueprint.get("/catalogue/typed")
@describe(catalogue_schema)
def read_typed() -> dict[str, Any]:
    """Answer the catalogue through the response model."""
    return catalogue_schema.dump(list_entries())


@blueprint.get("/catalogue/untyped")
@describe(catalogue_schema)
def read_untyped() -> Response:
    """Answer the catalogue as it lies in memory."""
    return jsonify(list_entries())
