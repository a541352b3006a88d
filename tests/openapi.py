"""OpenAPI documents made comparable: whatever two of them may say differently and still mean the same is made one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
Document = Mapping[str, Any]

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
FOR_PEOPLE = {"title", "description", "summary", "example", "examples", "externalDocs", "deprecated", "tags"}
SIZES_OF_NUMBERS = {"int32", "int64", "float", "double"}  # a hint to generators of code; JSON knows one kind of number
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}  # of enumerated values
BYTES = "application/octet-stream"
# OpenAPI 3.0 says of bytes `format: binary`, 3.1 says it in three ways.
ANY_BYTES = {"type", "format", "contentEncoding", "contentMediaType"}


@dataclass(frozen=True)
class Operation:
    """What a document says of one method of one path: plain values without references, equal if they mean the same."""

    name: str | None
    security: list[list[Schema]]
    parameters: dict[tuple[str, str], Schema]
    body: Schema | None
    answers: dict[int, Schema]


def operations(document: Document) -> dict[str, Operation]:
    """Every operation, by method and path as in `GET /items/{item_id}`."""
    return {
        f"{method.upper()} {path}": _operation(document, item, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def normal(document: Document, schema: Any) -> Schema:
    """A schema as JSON Schema of 2020-12, in the one way in which we write it."""
    schema = _resolved(document, {} if schema is True else schema)
    schema = {word: value for word, value in schema.items() if word not in FOR_PEOPLE and not word.startswith("x-")}
    for rule in (_merge_single, _name_constant, _join_types, _list_types, _forget_defaults):
        schema = rule(document, schema)
    return _normal_inside(document, schema)


def media_type(name: str) -> str:
    """A media type without its parameters."""
    return name.partition(";")[0].strip().lower()


def _operation(document: Document, item: Mapping[str, Any], said: Mapping[str, Any]) -> Operation:
    parameters = [_resolved(document, one) for one in [*item.get("parameters", ()), *said.get("parameters", ())]]
    body = _resolved(document, said["requestBody"]) if "requestBody" in said else None
    return Operation(
        name=said.get("operationId"),
        security=_security(document, said.get("security", document.get("security", []))),
        parameters={(one["in"], _name(one)): _parameter(document, one) for one in parameters},
        body=body and {"required": body.get("required", False), "content": _content(document, body)},
        answers={int(status): _answer(document, one) for status, one in said["responses"].items()},
    )


def _security(document: Document, alternatives: list[Mapping[str, Any]]) -> list[list[Schema]]:
    known = document.get("components", {}).get("securitySchemes", {})
    schemes = [[_meant(known[name]) for name in sorted(together)] for together in alternatives]
    return sorted(schemes, key=_written)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _meant(value: Mapping[str, Any]) -> Schema:
    return {word: said for word, said in value.items() if word not in FOR_PEOPLE}


def _name(parameter: Mapping[str, str]) -> str:
    return parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]


def _parameter(document: Document, parameter: Mapping[str, Any]) -> Schema:
    return {"required": parameter.get("required", False), "schema": normal(document, parameter["schema"])}


def _answer(document: Document, answer: Mapping[str, Any]) -> Schema:
    answer = _resolved(document, answer)
    headers = {name.lower(): _resolved(document, one) for name, one in answer.get("headers", {}).items()}
    return {
        "headers": {name: _parameter(document, one) for name, one in headers.items()},
        "content": _content(document, answer),
    }


def _content(document: Document, holder: Mapping[str, Any]) -> Schema:
    kinds = {
        media_type(name): normal(document, one.get("schema", {})) for name, one in holder.get("content", {}).items()
    }
    if BYTES in kinds:
        kinds[BYTES] = {word: value for word, value in kinds[BYTES].items() if word not in ANY_BYTES}
    return kinds


def _resolved(document: Document, value: Any) -> Any:
    """What a reference refers to, under what is said beside it."""
    while isinstance(value, Mapping) and "$ref" in value:
        target: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        value = {**target, **{word: said for word, said in value.items() if word != "$ref"}}
    return value


def _merge_single(document: Document, schema: Schema) -> Schema:
    """`allOf` of one is how 3.0 says something beside a reference."""
    for word in ("allOf", "anyOf", "oneOf"):
        if len(schema.get(word, ())) == 1:
            rest = {other: value for other, value in schema.items() if other != word}
            return {**normal(document, schema[word][0]), **rest}
    return schema


def _name_constant(_: Document, schema: Schema) -> Schema:
    if "const" in schema:
        schema = {"enum": [schema["const"]], **schema}
        del schema["const"]
    if "enum" in schema and "type" not in schema:
        schema["type"] = sorted({TYPES[type(value)] for value in schema["enum"]})
    return schema


def _join_types(document: Document, schema: Schema) -> Schema:
    """`nullable: true` of 3.0, and a choice between null and another thing or among bare types, are several types."""
    choices = [normal(document, one) for one in schema.get("anyOf") or schema.get("oneOf") or ()]
    bare = [one for one in choices if set(one) == {"type"}]
    others = [one for one in choices if one not in bare]
    types = {name for one in bare for name in one["type"]}
    if bare and (not others or (len(others) == 1 and types == {"null"})):
        rest = {word: value for word, value in schema.items() if word not in {"anyOf", "oneOf"}}
        schema = {**(others[0] if others else {"type": sorted(types)}), **rest, "nullable": "null" in types}
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [*_types(schema), "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _types(schema: Schema) -> list[str]:
    return [schema["type"]] if isinstance(schema["type"], str) else schema["type"]


def _list_types(_: Document, schema: Schema) -> Schema:
    if "type" in schema:
        schema["type"] = sorted(set(_types(schema)))
    for word in ("enum", "required"):
        if word in schema:
            schema[word] = sorted(set(schema[word]), key=repr)
    return schema


def _forget_defaults(_: Document, schema: Schema) -> Schema:
    if schema.get("additionalProperties") in (True, {}):
        del schema["additionalProperties"]
    if schema.get("format") in SIZES_OF_NUMBERS:
        del schema["format"]
    said_anyway: tuple[tuple[str, Any], ...] = (("required", []), ("default", None))
    return {word: value for word, value in schema.items() if (word, value) not in said_anyway}


def _normal_inside(document: Document, schema: Schema) -> Schema:
    inside: Schema = {
        word: normal(document, schema[word]) for word in ("items", "additionalProperties") if schema.get(word)
    }
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            inside[word] = sorted((normal(document, one) for one in schema[word]), key=_written)
    if "properties" in schema:
        inside["properties"] = {name: normal(document, one) for name, one in schema["properties"].items()}
    return {**schema, **inside}
