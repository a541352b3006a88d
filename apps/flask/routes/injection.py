"""A chain of five dependencies, and none."""

from core.dependencies import link_1, link_2, link_3, link_4, link_5
from core.documents import describe
from flask import Blueprint, g
from models.described import chain_schema
from services.injection import add_link, describe_chain

blueprint = Blueprint("injection", __name__)


@blueprint.get("/injected")
@describe(chain_schema)
@link_1
@link_2
@link_3
@link_4
@link_5
def read_injected() -> dict[str, str | int]:
    """Answer through a chain of five dependencies."""
    return describe_chain(g.link_5)


@blueprint.get("/uninjected")
@describe(chain_schema)
def read_uninjected() -> dict[str, str | int]:
    """Answer the same without dependencies."""
    return describe_chain(add_link(add_link(add_link(add_link(add_link(0))))))
