"""Equivalence before speed: asks a server each request of a scenario once, and compares the answers."""

from __future__ import annotations

import httpx

from harness import rendering
from harness.contract import Answer, excerpt, fit, masked
from harness.model import Request, Scenario


def broken(host: str, port: int, scenario: Scenario, timeout_s: float, seed: int = 0) -> tuple[str, ...]:
    """Every way in which a server breaks a scenario's contract, a sentence each; empty if it keeps it."""
    with httpx.Client(timeout=timeout_s, trust_env=False) as client:
        asked = (one for request in scenario.requests for one in rendering.for_verifying(request, seed))
        answers = ((request, _wrong(client, f"http://{host}:{port}", request)) for request in asked)
        return tuple(f"{_said(request)}: {wrong}" for request, wrong in answers if wrong)


def _wrong(client: httpx.Client, address: str, request: Request) -> str | None:
    try:
        answer = client.request(
            request.method,
            address + request.path,
            headers=rendering.headers(request),
            content=rendering.payload(request),
        )
    except httpx.HTTPError as error:
        return f"no answer: {type(error).__name__} {excerpt(str(error), rendering.secrets(request))}"
    media_type = answer.headers.get("content-type", "")
    compared = Answer(answer.status_code, media_type, answer.content, answer.headers)
    return fit(request, compared, rendering.secrets(request)).wrong


def _said(request: Request) -> str:
    return masked(f"{request.name}: {request.method} {request.path}", rendering.secrets(request))
