"""What the contract says of an answer under load, sorted by cause; and how long an answer may be. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from harness.contract import Answer, fit
from harness.model import ErrorCause, Expectation, Request

_OWN_BODY_BYTES = 4 * 1024 * 1024  # of what is the app's own, such as a document or a page


class Judged(NamedTuple):
    """What an answer is. `cause` None: right, and the `alternative` of that name, if any; else `text` says why not."""

    cause: ErrorCause | None
    text: str = ""
    alternative: str | None = None


def judged(request: Request, answer: Answer, secrets: Iterable[str] = ()) -> Judged:
    """What the contract says of an answer to a request."""
    found = fit(request, answer, secrets)
    if found.wrong is None:
        return Judged(None, alternative=found.alternative)
    known = {expected.status for expected in _right(request)}
    return Judged(ErrorCause.BODY if answer.status in known else ErrorCause.STATUS, found.wrong)


def recurs(request: Request, alternative: str | None) -> bool:
    """Whether this right answer may come again as it was. One with a hole in its body, such as a token, does not."""
    expected = request.alternatives[alternative] if alternative else request.expect
    return not expected.varies


def size_limit_bytes(request: Request) -> int:
    """How long a whole answer may be before it cannot be a right one, whatever its formatting and headers."""
    return max(map(_body_limit_bytes, _right(request))) + 64 * 1024


def _body_limit_bytes(expected: Expectation) -> int:
    if expected.content is not None:
        return 2 * expected.content.size_bytes  # a body in pieces says the size of each
    if expected.varies_in_size:
        return _OWN_BODY_BYTES
    return len(json.dumps(expected.json_body)) * 4


def _right(request: Request) -> tuple[Expectation, ...]:
    return (request.expect, *request.alternatives.values())
