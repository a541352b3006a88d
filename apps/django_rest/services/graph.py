"""Decides whether a body is a request of GraphQL at all, where Strawberry would fail over it."""

import json

from cross_web import HTTPException

REFUSED = 400  # as Strawberry refuses whatever else is wrong with a body


class ObjectsOnly:
    """What a view of Strawberry's is made of as well, so that it refuses all but objects."""

    def decode_json(self, body: str | bytes) -> object:
        """Read a body. Raises HTTPException if it is no JSON, no object, or names its operation by no text."""
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            raise HTTPException(REFUSED, "The body is no JSON.") from None
        if not isinstance(asked, dict) or not isinstance(asked.get("operationName"), str | None):
            raise HTTPException(REFUSED, "The body is no request of GraphQL.")
        return asked
