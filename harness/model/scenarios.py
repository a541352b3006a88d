"""What is asked of every app: requests, the answers that they must get, and what has to stand ready for them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from harness.model.value import Value

ServiceName = Literal["postgres", "valkey", "mail", "upstream", "metrics"]
RowKind = Literal["item", "page", "user", "newcomer", "client", "catalogue", "entries", "top"]

Header = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$", coerce_numbers_to_str=True)]
NULL = "<null>"
"""JSON's null, for which TOML has no word."""
HOLES = ("<integer>", "<time>", "<token>", "<object>", "<text>")
"""What an answer may hold where it need not be the same everywhere."""
_VARYING, _OWN = HOLES[:3], HOLES[3:]  # what is an app's own is the same in each of its answers
_SERVER_ERROR = 500  # and above (RFC 9110, section 15.6)
_SWITCHING_PROTOCOLS = 101


def _with_nulls(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _with_nulls(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_nulls(one) for one in value]
    return None if value == NULL else value


Json = Annotated[JsonValue, BeforeValidator(_with_nulls)]


class Content(Value):
    """A body that is compared byte for byte: so many bytes with this checksum (`zlib.crc32`)."""

    size_bytes: int = Field(ge=1)
    crc32: int = Field(ge=0)


class Expectation(Value):
    """The answer that a request must get: status, media type, headers, and one kind of body.

    `json_body`: key order and number format are free; `<null>` is null. Where an answer must vary, a text is a typed
    hole: `<integer>`, `<time>`, `<token>`; where it is the app's own, `<object>` or `<text>`. `contains`: texts that
    stand in the body. `content`: the very bytes. Further headers are free. Status 101 alone has no body: a WebSocket
    was opened.
    """

    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, Header] = {}
    json_body: Json = None
    contains: tuple[str, ...] = ()
    content: Content | None = None

    @model_validator(mode="after")
    def _has_one_kind_of_body(self) -> Expectation:
        kinds = [self.json_body is not None, bool(self.contains), self.content is not None]
        if sum(kinds) != (self.status != _SWITCHING_PROTOCOLS):
            raise ValueError("say what the body is, by one of `json_body`, `contains`, `content`; only a 101 has none")
        return self

    @property
    def varies(self) -> bool:
        """Whether no two answers need be the same."""
        return bool(self.contains) or _holds(self.json_body, _VARYING)

    @property
    def varies_in_size(self) -> bool:
        """Whether some of it is the app's own, so that nobody knows how long it is."""
        return bool(self.contains) or _holds(self.json_body, _OWN)


class Draw(Value):
    """So many rows of the data set, chosen by the seed, for each of which a request is rendered before the load.

    `once`: none is asked twice, so a load that needs more than there are ends with an error.
    """

    of: RowKind
    count: int = Field(default=1, ge=1, le=50_000)
    once: bool = False


class Request(Value):
    """One request. `weight` is its share of the load; 0: only asked when verifying, and then `times` in a row.

    `{item.id}` and the like in path, headers, body and expected answer stand for a drawn row's fields. `text` is a body
    that is no JSON; `padding`: so many spaces after the body. `alternatives` are answers that are correct as well, but
    are counted apart, by name. One of status 5xx is no throughput: nobody was served by it.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/[\x21-\x7e]*$")
    headers: Mapping[str, Header] = {}
    body: Json = None
    text: str | None = None
    padding: int = Field(default=0, ge=0)
    echoes: int | None = Field(default=None, ge=1)
    weight: int = Field(default=1, ge=0)
    times: int = Field(default=1, ge=1)
    draw: Draw | None = None
    expect: Expectation
    alternatives: Mapping[str, Expectation] = {}

    @model_validator(mode="after")
    def _has_one_body_at_most(self) -> Request:
        if self.body is not None and self.text is not None:
            raise ValueError("`body` and `text` exclude each other")
        return self

    @model_validator(mode="after")
    def _opens_what_it_echoes_over(self) -> Request:
        opens = (self.method, self.expect.status) == ("GET", _SWITCHING_PROTOCOLS)
        if opens != (self.echoes is not None) or (opens and (not self.text or self.alternatives or self.draw)):
            raise ValueError("a WebSocket is a GET with `text` and `echoes`, always the same, that expects status 101")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether it is a GET that is always the same and has one answer: all that the yardsticks can answer."""
        asks = self.draw or self.headers or self.alternatives or self.echoes
        expected = self.expect
        varies = expected.headers or expected.varies or expected.varies_in_size
        return self.method == "GET" and expected.json_body is not None and not (asks or varies)

    @property
    def promises_mail(self) -> bool:
        """Whether it is a sign-up that is to be accepted: then a mail follows (the contract in apps/README.md)."""
        return (self.method, self.path, self.expect.status) == ("POST", "/users", 202)


class Scenario(Value):
    """What is asked of every app: the load and the equivalence check in one.

    `beside`: the scenario that is without the one thing whose cost is asked; throughput is held against that there.
    `services` stand beside the apps, as seeded, in every block. `settings` are environment variables of every
    contender. `slice_min_s`: where few slow answers a second, or rare requests, need longer slices than usual;
    `slice_max_s`: where they may be longer than those of any plan. `warm_s`: where the first seconds of load are slower
    than the rest, or may count nothing. `lead_s`: some periods of what recurs by the clock (an entry that expires):
    each slice is counted from a random moment of them on, else all would begin at the same.
    """

    name: str
    about: str
    isolates: str
    leaves_out: str
    beside: str | None = None
    services: tuple[ServiceName, ...] = ()
    settings: Mapping[str, str] = {}
    connections: int = Field(default=100, ge=1)
    warm_s: float | None = Field(default=None, gt=0)
    slice_min_s: float | None = Field(default=None, gt=0)
    slice_max_s: float | None = Field(default=None, gt=0)
    lead_s: float | None = Field(default=None, gt=0)
    requests: tuple[Request, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_load(self) -> Scenario:
        if not self.load:
            raise ValueError("no request has a weight above 0, so there is no load")
        return self

    @model_validator(mode="after")
    def _names_each_request_once(self) -> Scenario:
        twice = [name for name, times in Counter(request.name for request in self.requests).items() if times > 1]
        if twice:
            raise ValueError(f"two requests are called {', '.join(map(json.dumps, twice))}")
        return self

    @model_validator(mode="after")
    def _speaks_one_protocol(self) -> Scenario:
        if self.echoes and len(self.load) > 1:
            raise ValueError("a load over WebSockets is a single request with `echoes`")
        return self

    @property
    def echoes(self) -> int | None:
        """How many echoes a connection holds where the load goes over WebSockets; None: it is HTTP."""
        return next((request.echoes for request in self.load if request.echoes), None)

    @property
    def forbids_duets(self) -> str | None:
        """Why the cost of two contenders that are loaded at once could not be told; None: it can."""
        if self.services:
            return "the two would share services, and what each costs could not be told"
        if self.echoes:
            return "to open and to close all connections costs too much beside so short a load"
        return None

    @property
    def load(self) -> tuple[Request, ...]:
        """The requests that make the load."""
        return tuple(request for request in self.requests if request.weight)

    @property
    def websocket(self) -> Request | None:
        """The request of the load that opens a WebSocket; None: there is none."""
        return next((request for request in self.load if request.echoes), None)

    @property
    def refusals(self) -> frozenset[str]:
        """The alternatives by which a server says that it cannot do the work now: correct, but no throughput."""
        answers = (pair for request in self.load for pair in request.alternatives.items())
        return frozenset(name for name, answer in answers if answer.status >= _SERVER_ERROR)

    @property
    def is_plain(self) -> bool:
        """Whether the yardsticks can answer it: they know no bodies but JSON, and no load but of plain requests."""
        return all(one.is_plain for one in self.load) and all(one.expect.json_body is not None for one in self.requests)


class Target(Value):
    """Whom an engine loads: an address, and what is asked there."""

    host: str
    port: int
    scenario: Scenario


def _holds(value: JsonValue, holes: Collection[str]) -> bool:
    if isinstance(value, dict):
        return any(_holds(one, holes) for one in value.values())
    if isinstance(value, list):
        return any(_holds(one, holes) for one in value)
    return isinstance(value, str) and value in holes
