"""What a scenario asks and expects, held against what an OpenAPI document says of it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft202012Validator

from harness import rendering
from harness.model import Expectation, Request
from tests.openapi import BYTES, Operation, Schema, media_type

UNKNOWN, WRONG_METHOD, REFUSED = 404, 405, 400
FILLINGS: dict[str, Any] = {
    "<integer>": 1,
    "<time>": "2025-01-01T00:01:00Z",
    "<token>": "a.b.c",
    "<object>": {"of": "its own"},
    "<text>": "its own",
}


def contradictions(request: Request, known: Mapping[str, Operation]) -> list[str]:
    """Every way in which a rendered request of a scenario contradicts a document, in a few words each."""
    path = urlsplit(request.path).path
    there = {said: template for said in known if (template := _matched(said.partition(" ")[2], path)) is not None}
    name = next((said for said in there if said.startswith(f"{request.method} ")), None)
    expected = (request.expect, *request.alternatives.values())
    if name is None:
        status = WRONG_METHOD if there else UNKNOWN
        return [f"{one.status} instead of {status}" for one in expected if one.status != status]
    said = [wrong for one in expected for wrong in _wrong_answer(known[name], one)]
    if request.expect.status < REFUSED:
        said += _wrong_request(known[name], request, there[name])
    return said


def _matched(template: str, path: str) -> dict[str, str] | None:
    """What stands in the places of a template, if a path is one of its."""
    found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)), path)
    return found and {name: unquote(value) for name, value in found.groupdict().items()}


def _wrong_answer(operation: Operation, expected: Expectation) -> Iterator[str]:
    answer = operation.answers.get(expected.status)
    if answer is None:
        yield f"status {expected.status} is not declared"
        return
    schema = answer["content"].get(expected.media_type)
    if schema is None:
        yield f"{expected.status}: media type {expected.media_type} is not declared"
    elif expected.json_body is not None:
        yield from _invalid(schema, filled(expected.json_body), f"{expected.status}: body")
    for name, value in expected.headers.items():
        header = answer["headers"].get(name.lower())
        if header is None:
            yield f"{expected.status}: header {name} is not declared"
        else:
            yield from _invalid(header["schema"], str(filled(value)), f"{expected.status}: header {name}")


def _wrong_request(operation: Operation, request: Request, in_path: Mapping[str, str]) -> Iterator[str]:
    """What an accepted request holds that the document forbids, or lacks that it demands."""
    given = {("path", name): value for name, value in in_path.items()}
    given |= {("query", name): value for name, value in parse_qsl(urlsplit(request.path).query, keep_blank_values=True)}
    given |= {("header", name.lower()): value for name, value in request.headers.items()}
    for place, parameter in operation.parameters.items():
        if place in given:
            yield from _invalid(parameter["schema"], given[place], f"parameter {place}")
        elif parameter["required"]:
            yield f"parameter {place} is demanded"
    yield from _wrong_body(operation, request)


def _wrong_body(operation: Operation, request: Request) -> Iterator[str]:
    payload = rendering.payload(request)
    if (payload is None) != (operation.body is None):
        yield "a body is sent and not declared, or declared and not sent"
    if payload is None or operation.body is None:
        return
    kind = media_type(rendering.headers(request).get("Content-Type", ""))
    if kind not in operation.body["content"]:
        yield f"a body of {kind} is not declared"
        return
    value = payload.decode() if kind == BYTES else json.loads(payload)
    yield from _invalid(operation.body["content"][kind], value, "the request's body")


def filled(value: Any) -> Any:
    """An expected value with something in each of its holes."""
    if isinstance(value, Mapping):
        return {name: filled(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one) for one in value]
    return FILLINGS.get(value, value) if isinstance(value, str) else value


def _invalid(schema: Schema, value: Any, what: str) -> Iterator[str]:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    yield from (f"{what}: {error.message[:200]}" for error in validator.iter_errors(value))
