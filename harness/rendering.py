"""Renders the requests of a scenario for rows of the data set, chosen by a seed, before any load. Pure."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from harness import dataset
from harness.errors import InputError
from harness.model import Draw, Request, Scenario

_PLACE = re.compile(r"\{(\w+)\.(\w+)\}")
_SECRET = re.compile("password|token|secret|authorization|cookie|key", re.IGNORECASE)


def for_verifying(request: Request, seed: int) -> tuple[Request, ...]:
    """A request as often as it is asked when verifying. Raises InputError for a field that no row has."""
    if request.draw is None:
        return (request,) * request.times
    return tuple(_rendered(request, row) for row in _rows(request, request.draw, seed)[: request.times])


def for_load(request: Request, seed: int) -> tuple[Request, ...]:
    """The different requests that the load asks of this one. None of them was asked when verifying, if `once`.

    Raises InputError for a field that no row has.
    """
    if request.draw is None:
        return (request,)
    rows = _rows(request, request.draw, seed)
    return tuple(_rendered(request, row) for row in (rows[request.times :] if request.draw.once else rows))


def payload(request: Request) -> bytes | None:
    """The body of a rendered request; None: it has none."""
    return None if request.body is None and request.text is None else text(request).encode()


def text(request: Request) -> str:
    """The body of a rendered request that has one, or what it says over a WebSocket; with its padding."""
    return (json.dumps(request.body) if request.text is None else request.text) + " " * request.padding


def headers(request: Request) -> Mapping[str, str]:
    """The headers of a rendered request, beside those that HTTP demands."""
    return {"Content-Type": "application/json", **request.headers} if payload(request) else request.headers


def secrets(request: Request) -> tuple[str, ...]:
    """What of a rendered request must not be shown: what stands under names such as password, token or key."""
    of_headers = [value.rpartition(" ")[2] for name, value in request.headers.items() if _SECRET.search(name)]
    body = request.body if isinstance(request.body, Mapping) else {}
    of_body = [value for name, value in body.items() if isinstance(value, str) and _SECRET.search(name)]
    return (*of_headers, *of_body)


def first(scenario: Scenario, seed: int) -> Request:
    """What a server is asked to find out whether it is ready: the first request of the load that has a fixed answer.

    Where the load has none, the first of the file. Raises InputError if there is none at all.
    """
    for request in (*scenario.load, *scenario.requests):
        asked = for_verifying(request, seed)[0]
        if asked.is_plain and asked.expect.status == HTTPStatus.OK:
            return asked
    raise InputError(
        f'no request of the scenario "{scenario.name}" is a GET with one fixed answer of status 200',
        "A server is asked such a one to find out whether it is ready: add one, with weight 0, such as /healthz.",
    )


def _rows(request: Request, draw: Draw, seed: int) -> list[dataset.Row]:
    """Those that are asked when verifying, then those of the load."""
    count = draw.count + (request.times if draw.once else 0)
    size = dataset.size(draw.of)
    if size is None:
        return [dataset.row(draw.of, number, request.name) for number in range(count)]
    chooser = random.Random(f"{seed} {request.name}")  # noqa: S311  # a choice to be repeated, no secret
    numbers = chooser.sample(range(size), min(count, size))
    return [dataset.row(draw.of, number, request.name) for number in numbers]


def _rendered(request: Request, row: dataset.Row) -> Request:
    assert request.draw is not None
    fields = request.model_dump(exclude={"draw"})
    try:
        return Request.model_validate(_filled(fields, {request.draw.of: row}))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        hint = "What it says there does not do with the rows that it draws."
        raise InputError(f'the request "{request.name}" cannot be rendered: {problems}', hint) from error


def _filled(value: Any, rows: Mapping[str, dataset.Row]) -> Any:
    """A JSON value with rows' fields in place of their names. A text that is nothing but a name takes any type."""
    if isinstance(value, str):
        return _filled_text(value, rows)
    if isinstance(value, Mapping):
        return {key: _filled(one, rows) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, rows) for one in value]
    return value


def _filled_text(text: str, rows: Mapping[str, dataset.Row]) -> Any:
    whole = _PLACE.fullmatch(text)
    if whole:
        return _field(whole, rows)
    return _PLACE.sub(lambda found: str(_field(found, rows)), text)


def _field(found: re.Match[str], rows: Mapping[str, dataset.Row]) -> Any:
    kind, name = found.groups()
    if name not in rows.get(kind, {}):
        known = ", ".join(f"{{{kind}.{name}}}" for kind, row in rows.items() for name in row)
        raise InputError(f'"{found[0]}" is no field of a drawn row', f"There are: {known}")
    return rows[kind][name]
