"""Looks models up."""

from models.store import MODELS, Model


class UnknownModelError(LookupError):
    """There is no model of this id."""


def find_model(model_id: int) -> Model:
    """Find one model. Raises UnknownModelError."""
    try:
        return MODELS[model_id]
    except KeyError:
        raise UnknownModelError(model_id) from None
