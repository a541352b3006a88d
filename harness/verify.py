"""Equivalence before speed: asks a server each request of a scenario once, and compares the answers."""

from __future__ import annotations

import httpx

from harness.contract import excerpt, mismatch
from harness.model import Request, Scenario


def broken(host: str, port: int, scenario: Scenario, timeout_s: float) -> tuple[str, ...]:
    """Every way in which a server breaks a scenario's contract, a sentence each; empty if it keeps it."""
    with httpx.Client(timeout=timeout_s, trust_env=False) as client:
        answers = ((request, _wrong(client, f"http://{host}:{port}", request)) for request in scenario.requests)
        return tuple(f"{request.name}: {request.method} {request.path}: {wrong}" for request, wrong in answers if wrong)


def _wrong(client: httpx.Client, address: str, request: Request) -> str | None:
    try:
        answer = client.request(request.method, address + request.path)
    except httpx.HTTPError as error:
        return f"no answer: {type(error).__name__} {excerpt(str(error))}"
    return mismatch(request.expect, answer.status_code, answer.headers.get("content-type", ""), answer.content)
