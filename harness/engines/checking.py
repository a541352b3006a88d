"""What the contract says of an answer under load, sorted by cause; and how long an answer may be. Pure."""

from __future__ import annotations

import json

from harness.contract import mismatch
from harness.model import ErrorCause, Expectation


def wrong(expect: Expectation, status: int, media_type: str, body: bytes) -> tuple[ErrorCause, str] | None:
    """Why an answer is not the expected one, or None."""
    text = mismatch(expect, status, media_type, body)
    if text is None:
        return None
    return (ErrorCause.BODY if status == expect.status else ErrorCause.STATUS), text


def size_limit_bytes(expect: Expectation) -> int:
    """How long a whole answer may be before it cannot be the expected one, whatever its formatting and headers."""
    return len(json.dumps(expect.json_body)) * 4 + 64 * 1024
