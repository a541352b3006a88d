"""Machine-learning models, as nested objects."""

from fastapi import APIRouter
from models.schemas import ErrorSchema, ModelId, ModelSchema
from models.store import Model
from services.models import find_model

router = APIRouter()


@router.get(
    "/models/{model_id}",
    response_model=ModelSchema,
    responses={404: {"model": ErrorSchema}, 422: {"model": ErrorSchema}},
)
async def read_model(model_id: ModelId) -> Model:
    """Answer one model with its owner and releases."""
    return find_model(int(model_id))
