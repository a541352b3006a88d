"""A chain of five dependencies, and none."""

from typing import Any

from core.dependencies import Chain
from fastapi import APIRouter
from models.schemas import ChainSchema
from services.injection import add_link, describe_chain

router = APIRouter()


@router.get("/injected", response_model=ChainSchema)
async def read_injected(depth: Chain) -> dict[str, Any]:
    """Answer through a chain of five dependencies."""
    return describe_chain(depth)


@router.get("/uninjected", response_model=ChainSchema)
async def read_uninjected() -> dict[str, Any]:
    """Answer the same without dependencies."""
    return describe_chain(add_link(add_link(add_link(add_link(add_link(0))))))
