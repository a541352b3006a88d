"""How a WebSocket is opened: an HTTP upgrade (RFC 6455, section 4), and what is wrong with an answer to it. Pure."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping

from harness.contract import Answer, excerpt, wrong_header
from harness.engines.checking import Judged
from harness.engines.job import rendered
from harness.model import ErrorCause, Request, Target

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
_NOT_ASKED_FOR = ("sec-websocket-extensions", "sec-websocket-protocol")


def new_key() -> bytes:
    """One for each connection."""
    return base64.b64encode(secrets.token_bytes(16))


def accepted(key: bytes) -> str:
    """What a server makes of a key, by which it shows that it knows WebSockets."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()


def head(request: Request, target: Target) -> bytes:
    """The upgrade as it goes over the wire, but for its key. Neither extensions nor a subprotocol are offered."""
    upgrade = request.model_copy(update={"text": None, "headers": {**request.headers, **_UPGRADE}})
    return rendered(upgrade, target.host, target.port).removesuffix(b"\r\n")


def with_key(upgrade: bytes, key: bytes) -> bytes:
    """The whole of it."""
    return b"%bSec-WebSocket-Key: %b\r\n\r\n" % (upgrade, key)


def judged(request: Request, answer: Answer, key: bytes, hidden: Iterable[str]) -> Judged:
    """Whether a WebSocket was opened by this answer; `hidden` are the secrets of the request."""
    if answer.status != request.expect.status:
        return Judged(ErrorCause.STATUS, f"no WebSocket: status {answer.status} instead of {request.expect.status}")
    wrong = _wrong(answer.headers, key, hidden)
    if wrong:
        return Judged(ErrorCause.FRAMING, f"no WebSocket: {wrong}")
    other = wrong_header(request.expect, answer.headers, hidden)
    return Judged(ErrorCause.BODY, other) if other else Judged(None)


def _wrong(headers: Mapping[str, str], key: bytes, hidden: Iterable[str]) -> str | None:
    """What an answer of status 101 lacks, or grants without having been asked."""
    if headers.get("upgrade", "").lower() != "websocket":
        return f"the header Upgrade is {excerpt(headers.get('upgrade', ''), hidden)}"
    options = [option.strip().lower() for option in headers.get("connection", "").split(",")]
    if "upgrade" not in options:
        return f"the header Connection is {excerpt(headers.get('connection', ''), hidden)}"
    if headers.get("sec-websocket-accept") != accepted(key):
        return f"the header Sec-WebSocket-Accept is {excerpt(headers.get('sec-websocket-accept', ''), hidden)}"
    granted = next((name for name in _NOT_ASKED_FOR if headers.get(name)), None)
    return granted and f"the header {granted}, which nobody asked for, is {excerpt(headers[granted], hidden)}"
