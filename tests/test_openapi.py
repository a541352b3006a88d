"""What the comparison of OpenAPI documents takes for the same, and what it must not."""

import pytest

from harness.model import Expectation, Request
from tests.documented import contradictions
from tests.openapi import normal, operations

TEXT = {"type": "string"}
COMPONENTS = {"components": {"schemas": {"Size": {"type": "object", "properties": {"width": {"type": "integer"}}}}}}
SIZE = {"$ref": "#/components/schemas/Size"}


def document(**said):
    """A document of one route, `GET /items/{item_id}`, which answers a number unless said otherwise."""
    item_id = {"name": "item_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
    answer = {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
    return {"paths": {"/items/{item_id}": {"get": {"parameters": [item_id], "responses": {"200": answer}} | said}}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True}, {"anyOf": [TEXT, {"type": "null"}]}),
        ({"oneOf": [{"type": "null"}, SIZE]}, {"allOf": [SIZE], "nullable": True}),
        ({"oneOf": [TEXT, {"type": "integer"}]}, {"anyOf": [{"type": "integer"}, TEXT]}),
        ({"anyOf": [TEXT, {"type": "integer"}]}, {"type": ["integer", "string"]}),
        ({"anyOf": [SIZE, {"const": 1}, TEXT]}, {"anyOf": [TEXT, {"type": "integer", "enum": [1]}, SIZE]}),
        ({"enum": ["a"], "type": "string"}, {"const": "a"}),
        ({"enum": ["b", "a"]}, {"enum": ["a", "b"], "type": "string"}),
        ({"enum": ["a", None]}, {"enum": ["a"], "type": "string", "nullable": True}),
        (SIZE, {"allOf": [SIZE], "description": "How wide."}),
        (SIZE, {**COMPONENTS["components"]["schemas"]["Size"], "title": "Size"}),
        ({"type": "integer"}, {"type": "integer", "format": "int64"}),
        ({"type": "object", "required": ["a", "b"]}, {"type": "object", "required": ["b", "a"]}),
        ({"type": "object"}, {"type": "object", "required": [], "additionalProperties": {}}),
        ({"type": "array", "items": {"const": 1}}, {"type": "array", "items": {"enum": [1], "example": 1}}),
    ],
)
def test_schemas_that_mean_the_same_are_made_one(one, other):
    assert normal(COMPONENTS, one) == normal(COMPONENTS, other)
    assert normal(COMPONENTS, normal(COMPONENTS, one)) == normal(COMPONENTS, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEXT, {"type": "string", "nullable": True}),
        (TEXT, {"type": "string", "format": "email"}),
        (TEXT, {"type": "string", "pattern": "^a$"}),
        (TEXT, {"type": "string", "default": "a"}),
        ({"type": "integer"}, {"type": "number"}),
        ({"anyOf": [TEXT, SIZE]}, {"anyOf": [TEXT, SIZE, {"type": "null"}]}),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}),
        ({"type": "object"}, {"type": "object", "additionalProperties": TEXT}),
        (SIZE, {**COMPONENTS["components"]["schemas"]["Size"], "required": ["width"]}),
        ({"type": "object", "properties": {"title": TEXT}}, {"type": "object", "properties": {}}),
    ],
)
def test_schemas_that_mean_something_else_stay_different(one, other):
    assert normal(COMPONENTS, one) != normal(COMPONENTS, other)


@pytest.mark.parametrize(
    "said",
    [
        {"operationId": "read_item"},
        {"parameters": []},
        {"security": [{"bearer": []}]},
        {"requestBody": {"content": {"application/json": {"schema": TEXT}}}},
        {"responses": {"200": {"content": {}}}},
        {"responses": {"200": {"content": {"text/plain": {"schema": {"type": "integer"}}}}}},
    ],
)
def test_operations_differ_by_whatever_a_caller_notices(said):
    bearer = {"components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}}
    assert operations(document(**said) | bearer) != operations(document())


def test_bytes_are_bytes_however_a_version_of_openapi_says_it():
    schemas = [{"type": "string", "format": "binary"}, {}, {"contentMediaType": "application/octet-stream"}]
    said = [{"200": {"content": {"application/octet-stream": {"schema": schema}}}} for schema in schemas]
    first, *others = [operations(document(responses=one)) for one in said]
    assert others == [first, first]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"path": "/items/1"}, []),
        ({"path": "/items/a"}, ["parameter ('path', 'item_id'): 'a' does not match '^[0-9]+$'"]),
        ({"path": "/items/1?colour=red"}, []),
        ({"path": "/items/1", "expect": {"json_body": "one"}}, ["200: body: 'one' is not of type 'integer'"]),
        ({"path": "/items/1", "expect": {"json_body": "<integer>"}}, []),
        (
            {"path": "/items/1", "expect": {"json_body": 1, "media_type": "text/plain"}},
            ["200: media type text/plain is not declared"],
        ),
        ({"path": "/items/1", "expect": {"json_body": 1, "status": 404}}, ["status 404 is not declared"]),
        ({"path": "/items/1", "method": "POST", "body": {}}, ["200 instead of 405"]),
        ({"path": "/items/1", "method": "POST", "body": {}, "expect": {"json_body": {}, "status": 405}}, []),
        ({"path": "/nothing"}, ["200 instead of 404"]),
        ({"path": "/items/1", "body": {}}, ["a body is sent and not declared, or declared and not sent"]),
    ],
)
def test_a_request_that_contradicts_a_document_is_told(request_, said):
    request = Request(name="asked", **{"expect": {"json_body": 1}, **request_})
    assert contradictions(request, operations(document())) == said


def test_a_header_that_is_expected_is_declared():
    request = Request(name="asked", path="/items/1", expect=Expectation(json_body=1, headers={"X-Cache": "hit"}))
    assert len(contradictions(request, operations(document()))) == 1
