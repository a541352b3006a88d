"""Equivalence before speed: asks a server each request of a scenario once, and compares the answers."""

from __future__ import annotations

import logging
import time

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from harness import rendering
from harness.contract import Answer, excerpt, fit, masked, wrong_echo, wrong_header
from harness.model import Request, Scenario

_TIMES = 3  # that the text is said
_LONG = ("fifteen ASCII a" + "ü") * 3750  # 60,000 characters in 63,750 bytes, under the limit of 65,536
_ABNORMAL = 1006  # what stands for the code of a goodbye that never came (RFC 6455, section 7.1.5)
_SILENT = logging.getLogger(f"{__name__}.websockets")  # what goes wrong is said by what is raised
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def broken(host: str, port: int, scenario: Scenario, timeout_s: float, seed: int = 0) -> tuple[str, ...]:
    """Every way in which a server breaks a scenario's contract, a sentence each; empty if it keeps it."""
    with httpx.Client(timeout=timeout_s, trust_env=False) as client:
        asked = (one for request in scenario.requests for one in rendering.for_verifying(request, seed))
        answers = ((request, _wrong(client, f"{host}:{port}", request, timeout_s)) for request in asked)
        return tuple(f"{_said(request)}: {wrong}" for request, wrong in answers if wrong)


def _wrong(client: httpx.Client, address: str, request: Request, timeout_s: float) -> str | None:
    if request.echoes:
        return _wrong_echoes(address, request, timeout_s)
    try:
        answer = _asked(client, address, request)
    except httpx.HTTPError as error:
        return _no_answer(request, error)
    media_type = answer.headers.get("content-type", "")
    compared = Answer(answer.status_code, media_type, answer.content, answer.headers)
    return fit(request, compared, rendering.secrets(request)).wrong


def _asked(client: httpx.Client, address: str, request: Request) -> httpx.Response:
    """The answer to a request; asked once more if the connection went away without one.

    A server may close a kept connection when it likes (RFC 9112, section 9.5), as some do after an answer that came
    before the whole body was read. The client keeps no such connection, so the second time a new one is opened.
    """
    prepared = client.build_request(
        request.method,
        f"http://{address}{request.path}",
        headers=rendering.headers(request),
        content=rendering.payload(request),
    )
    try:
        return client.send(prepared)
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return client.send(prepared)


def _wrong_echoes(address: str, request: Request, timeout_s: float) -> str | None:
    """What is wrong with a WebSocket: how it opens, what comes back over it, or how it closes."""
    try:
        with connect(
            f"ws://{address}{request.path}",
            additional_headers=dict(request.headers),
            compression=None,
            proxy=None,
            user_agent_header=None,
            ping_interval=None,
            open_timeout=timeout_s,
            close_timeout=timeout_s,
            logger=_SILENT,
        ) as connection:
            return _wrong_opening(connection, request) or _wrong_said(connection, request, timeout_s)
    except InvalidStatus as error:
        return f"no WebSocket: status {error.response.status_code} instead of {request.expect.status}"
    except InvalidHandshake as error:
        return f"no WebSocket: {excerpt(str(error), rendering.secrets(request))}"
    except (OSError, EOFError) as error:
        return _no_answer(request, error)


def _wrong_opening(connection: ClientConnection, request: Request) -> str | None:
    assert connection.response is not None
    headers = {name.lower(): value for name, value in connection.response.headers.raw_items()}
    return wrong_header(request.expect, headers, rendering.secrets(request))


def _wrong_said(connection: ClientConnection, request: Request, timeout_s: float) -> str | None:
    """The text, nothing and a long text are said, each of which must come back; then goodbye."""
    for text in (*[rendering.text(request)] * _TIMES, "", _LONG):
        try:
            connection.send(text)
            wrong = wrong_echo(text, connection.recv(timeout_s), rendering.secrets(request))
        except (TimeoutError, ConnectionClosed) as error:
            shown = excerpt(str(error), rendering.secrets(request))
            return f"no echo of a text of {len(text)} characters: {type(error).__name__} {shown}"
        if wrong:
            return wrong
    return _wrong_goodbye(connection, timeout_s)


def _wrong_goodbye(connection: ClientConnection, timeout_s: float) -> str | None:
    left = time.monotonic()
    connection.close()
    if time.monotonic() - left >= timeout_s:
        return f"the connection was not closed within {timeout_s:g} s of a goodbye"
    return "a goodbye was not answered" if connection.close_code == _ABNORMAL else None


def _no_answer(request: Request, error: Exception) -> str:
    return f"no answer: {type(error).__name__} {excerpt(str(error), rendering.secrets(request))}"


def _said(request: Request) -> str:
    return masked(f"{request.name}: {request.method} {request.path}", rendering.secrets(request))
