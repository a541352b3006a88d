"""Machine-learning models, as nested objects."""

from core.documents import describe_errors
from fastapi import APIRouter
from models.schemas import ModelId, ModelSchema
from models.store import Model
from services.models import find_model

router = APIRouter()


@router.get(
    "/models/{model_id}",
    response_model=ModelSchema,
    responses=describe_errors(404, 422),
)
async def read_model(model_id: ModelId) -> Model:
    """Answer one model with its owner and releases."""
    return find_model(int(model_id))
