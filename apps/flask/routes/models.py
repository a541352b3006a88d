"""Machine-learning models, as nested objects."""

from typing import Any

from flask import Blueprint
from models.schemas import model_key_schema, model_schema
from services.models import find_model

blueprint = Blueprint("models", __name__)


@blueprint.get("/models/<model_id>")
def read_model(model_id: str) -> dict[str, Any]:
    """Answer one model with its owner and releases."""
    key = model_key_schema.load({"model_id": model_id})
    return model_schema.dump(find_model(int(key["model_id"])))
