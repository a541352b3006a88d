"""Decides whether an answer is the one that a scenario demands. Pure; used before the load and during it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from harness.model import HOLES, Content, Expectation, Request

_EXCERPT_LENGTH = 120
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_SECRET = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_HOLES = {
    "<integer>": re.compile(r"0|[1-9]\d*"),
    "<time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "<token>": re.compile(r"[\w-]+\.[\w-]+\.[\w-]+"),
    "<text>": re.compile(r".+", re.DOTALL),
}
assert {*_HOLES, "<object>"} == {*HOLES}


class Answer(NamedTuple):
    """What of an answer is compared. Names of `headers` are in lower case. `crc32`: the body's, if it is known."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS
    crc32: int | None = None


class Fit(NamedTuple):
    """What is `wrong` with an answer, in a few words; None: nothing. Then it may be the `alternative` of that name."""

    wrong: str | None
    alternative: str | None = None


def fit(request: Request, answer: Answer, secrets: Iterable[str] = ()) -> Fit:
    """Which of the answers to a request this is: the expected one, else the first alternative that fits."""
    wrong = mismatch(request.expect, answer, secrets)
    if wrong is None:
        return Fit(None)
    for name, expected in request.alternatives.items():
        other = mismatch(expected, answer, secrets)
        if other is None:
            return Fit(None, name)
        if expected.status == answer.status:
            wrong = f"{wrong}; nor is it `{name}`: {other}"
    return Fit(wrong)


def mismatch(expected: Expectation, answer: Answer, secrets: Iterable[str] = ()) -> str | None:
    """What is wrong with an answer, in a few words; None if nothing is. Key order and number format are free.

    What of the request is secret is not shown, even if the answer repeats it.
    """
    if answer.status != expected.status:
        return f"status {answer.status} instead of {expected.status}"
    if answer.media_type.partition(";")[0].strip().lower() != expected.media_type:
        return f"media type {excerpt(answer.media_type, secrets)} instead of {expected.media_type}"
    return wrong_header(expected, answer.headers, secrets) or _wrong_body(expected, answer, secrets)


def wrong_header(expected: Expectation, headers: Mapping[str, str], secrets: Iterable[str] = ()) -> str | None:
    """Which of the expected headers is missing or another, in a few words; None if none is."""
    for name, value in expected.headers.items():
        if name.lower() not in headers:
            return f"no header {name}"
        if not _fills(headers[name.lower()], value):
            return f"header {name}: {excerpt(headers[name.lower()], secrets)} instead of {value}"
    return None


def wrong_echo(said: str, heard: str | bytes, secrets: Iterable[str] = ()) -> str | None:
    """What is wrong with the echo of a text, in a few words; None if nothing is. Bytes: a binary message came back."""
    if isinstance(heard, bytes):
        return f"a binary message of {len(heard)} bytes instead of the text that was said"
    if heard == said:
        return None
    shown = (f"{excerpt(one, secrets)} ({len(one)} characters)" for one in (heard, said))
    return "the echo {} instead of {}".format(*shown)


def equal(one: Any, other: Any) -> bool:
    """Whether a JSON value is the `other` one; 1 equals 1.0, but true does not equal 1. A hole takes what fits it."""
    if isinstance(other, str) and other in HOLES:
        return _fills(one, other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without tokens and without these secrets, however often they were quoted."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = re.sub("".join(map(_however_quoted, secret)), "<secret>", text)
    return _SECRET.sub("<token>", text)


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """The start of a text from outside, masked and quoted, with nothing in it that could act on a terminal."""
    text = masked(text, secrets)
    shown = text[:_EXCERPT_LENGTH]
    return repr(shown) + ("..." if len(text) > _EXCERPT_LENGTH else "")


def _however_quoted(character: str) -> str:
    """A pattern of a character as it is, in JSON, in Python's bytes, or in one of these inside another."""
    written = {character, json.dumps(character)[1:-1], repr(character.encode())[2:-1]}
    patterns = [r"\\{0,8}" + re.escape(one).replace(r"\\", r"\\{1,8}") for one in sorted(written)]
    return f"(?:{'|'.join(patterns)})"


def _wrong_body(expected: Expectation, answer: Answer, secrets: Iterable[str]) -> str | None:
    if expected.content is not None:
        return _wrong_content(expected.content, answer)
    if expected.contains:
        text = answer.body.decode(errors="replace")
        missing = next((one for one in expected.contains if one not in text), None)
        return missing and f"body without {excerpt(missing)}: {excerpt(text, secrets)}"
    return _wrong_json(expected, answer.body, secrets)


def _wrong_content(expected: Content, answer: Answer) -> str | None:
    if len(answer.body) != expected.size_bytes:
        return f"a body of {len(answer.body)} bytes instead of {expected.size_bytes}"
    crc32 = zlib.crc32(answer.body) if answer.crc32 is None else answer.crc32
    return None if crc32 == expected.crc32 else f"a body with the checksum {crc32} instead of {expected.crc32}"


def _wrong_json(expected: Expectation, body: bytes, secrets: Iterable[str]) -> str | None:
    try:
        answered = json.loads(body)
    except (ValueError, RecursionError):  # deeply nested garbage is no JSON of ours
        return f"body is not JSON: {excerpt(body.decode(errors='replace'), secrets)}"
    if not equal(answered, expected.json_body):
        shown = (excerpt(json.dumps(one), secrets) for one in (answered, expected.json_body))
        return "body {} instead of {}".format(*shown)
    return None


def _fills(value: Any, wanted: str) -> bool:
    """Whether a value is the wanted text, or fits in the hole that it is."""
    if wanted == "<object>":
        return isinstance(value, Mapping) and bool(value)
    if wanted not in _HOLES:
        return bool(value == wanted)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and wanted == "<integer>"
    text = str(value) if is_whole else value
    return isinstance(text, str) and _HOLES[wanted].fullmatch(text) is not None
