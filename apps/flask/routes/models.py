"""Machine-learning models, as nested objects."""

from typing import Any

from core.documents import describe, parameters
from flask import Blueprint
from models.schemas import model_key_schema, model_schema
from services.models import find_model

blueprint = Blueprint("models", __name__)


@blueprint.get("/models/<model_id>")
@describe(model_schema, 404, 422, takes=parameters("path", model_key_schema))
def read_model(model_id: str) -> dict[str, Any]:
    """Answer one model with its owner and releases."""
    key = model_key_schema.load({"model_id": model_id})
    return model_schema.dump(find_model(int(key["model_id"])))
