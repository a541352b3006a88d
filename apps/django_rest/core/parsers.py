"""Reads bodies: JSON only, for the others take no forms."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BodyParser(JSONParser):
    """REST framework's parser, but for a body of nothing but brackets: there it fails, instead of refusing."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Read JSON. Raises ParseError."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError from error
