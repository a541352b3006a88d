"""Decides whether an answer is the one that a scenario demands. Pure; used before the load and during it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.model import Expectation

_EXCERPT_LENGTH = 120


def mismatch(expected: Expectation, status: int, media_type: str, body: bytes) -> str | None:
    """What is wrong with an answer, in a few words; None if nothing is. Key order and number format are free."""
    if status != expected.status:
        return f"status {status} instead of {expected.status}"
    if media_type.partition(";")[0].strip().lower() != expected.media_type:
        return f"media type {excerpt(media_type)} instead of {expected.media_type}"
    try:
        answered = json.loads(body)
    except (ValueError, RecursionError):  # deeply nested garbage is no JSON of ours
        return f"body is not JSON: {excerpt(body.decode(errors='replace'))}"
    if not equal(answered, expected.json_body):
        return f"body {excerpt(json.dumps(answered))} instead of {excerpt(json.dumps(expected.json_body))}"
    return None


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; 1 equals 1.0, but true does not equal 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def excerpt(text: str) -> str:
    """The start of a text from outside, quoted, with nothing in it that could act on a terminal."""
    shown = text[:_EXCERPT_LENGTH]
    return repr(shown) + ("..." if len(text) > _EXCERPT_LENGTH else "")
