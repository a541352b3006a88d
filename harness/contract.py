"""Decides whether an answer is the one that a scenario demands. Pure; used before the load and during it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.model import Expectation

_EXCERPT_LENGTH = 120
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_SECRET = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_HOLES = {
    "<integer>": re.compile(r"0|[1-9]\d*"),
    "<time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "<token>": _TOKEN,
}


def mismatch(
    expected: Expectation, status: int, media_type: str, body: bytes, headers: Mapping[str, str] = _NO_HEADERS
) -> str | None:
    """What is wrong with an answer, in a few words; None if nothing is. Key order and number format are free.

    Names of `headers` are in lower case.
    """
    if status != expected.status:
        return f"status {status} instead of {expected.status}"
    if media_type.partition(";")[0].strip().lower() != expected.media_type:
        return f"media type {excerpt(media_type)} instead of {expected.media_type}"
    return _wrong_header(expected, headers) or _wrong_body(expected, body)


def equal(one: Any, other: Any) -> bool:
    """Whether a JSON value is the `other` one; 1 equals 1.0, but true does not equal 1. A hole takes what fits it."""
    if isinstance(other, str) and other in _HOLES:
        return _fills(one, other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def excerpt(text: str) -> str:
    """The start of a text from outside, quoted, with nothing in it that could act on a terminal, and no token."""
    text = _SECRET.sub("<token>", text)
    shown = text[:_EXCERPT_LENGTH]
    return repr(shown) + ("..." if len(text) > _EXCERPT_LENGTH else "")


def _wrong_header(expected: Expectation, headers: Mapping[str, str]) -> str | None:
    for name, value in expected.headers.items():
        if name.lower() not in headers:
            return f"no header {name}"
        if not _fills(headers[name.lower()], value):
            return f"header {name}: {excerpt(headers[name.lower()])} instead of {value}"
    return None


def _wrong_body(expected: Expectation, body: bytes) -> str | None:
    try:
        answered = json.loads(body)
    except (ValueError, RecursionError):  # deeply nested garbage is no JSON of ours
        return f"body is not JSON: {excerpt(body.decode(errors='replace'))}"
    if not equal(answered, expected.json_body):
        return f"body {excerpt(json.dumps(answered))} instead of {excerpt(json.dumps(expected.json_body))}"
    return None


def _fills(value: Any, wanted: str) -> bool:
    """Whether a value is the wanted text, or fits in the hole that it is."""
    if wanted not in _HOLES:
        return bool(value == wanted)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return isinstance(text, str) and _HOLES[wanted].fullmatch(text) is not None
