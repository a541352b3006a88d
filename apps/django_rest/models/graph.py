"""The catalogue as a graph: what may be asked of it by GraphQL, and how it is found. Nothing here waits."""

from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext

from models.catalogue import CATALOGUE, KNOWN

FIRST = range(1, 101)


@strawberry.type
class Size:
    """How much room something takes."""

    width_mm: int
    height_mm: int
    depth_mm: int


@strawberry.type
class Entry:
    """Something to buy, as the catalogue has it."""

    id: int
    name: str
    category: str
    price_cents: int
    in_stock: bool
    rating: float
    tags: list[str]
    size: Size


@strawberry.type
class Query:
    """What may be asked."""

    @strawberry.field
    def entry(self, number: Annotated[int, strawberry.argument(name="id")]) -> Entry | None:
        """Find one entry, or none."""
        return ENTRIES[number - 1] if number in range(1, KNOWN + 1) else None

    @strawberry.field
    def entries(self, first: int = 20, category: str | None = None) -> list[Entry]:
        """List the first entries of one category, or of all."""
        if first not in FIRST:
            raise GraphQLError("first must be from 1 to 100")
        return [entry for entry in ENTRIES if category in {None, entry.category}][:first]


class Schema(strawberry.Schema):
    """A schema that logs its own failures only: what is wrong with a query is told to whoever asked."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log, with their traces, the errors that nobody raised on purpose."""
        ours = [error for error in errors if not isinstance(error.original_error, GraphQLError | None)]
        super().process_errors(ours, execution_context)


ENTRIES = [Entry(**{**entry, "size": Size(**entry["size"])}) for entry in CATALOGUE]
SCHEMA = Schema(Query)
