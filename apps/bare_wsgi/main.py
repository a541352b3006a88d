"""The contract without a framework, as WSGI: what is left when Flask and Django are taken away."""

import json
import re
import traceback
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

Answer = tuple[int, dict[str, Any]]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

MODEL_ID = re.compile(r"[1-9][0-9]{0,17}")
KNOWN = 100
TASKS = ("classification", "translation", "summarisation")
OWNERS = ("Ada", "Grace", "Edsger", "Barbara", "Niklaus")
CITIES = ("London", "Zurich")
ERRORS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    422: ("invalid_input", "The input is not valid."),
    500: ("internal_error", "The service failed."),
}


def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    status, answer = answer_request(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    body = json.dumps(answer, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def answer_request(method: str, path: str) -> Answer:
    """Find out what to answer."""
    try:
        return answer_route(method, path)
    except Exception:  # noqa: BLE001  # whatever it is, the answer has the one shape
        traceback.print_exc()
        return make_error(500)


def answer_route(method: str, path: str) -> Answer:
    """Find who answers at this address, and ask."""
    if path in ROUTES:
        read = ROUTES[path]
    elif path.startswith("/models/") and path.count("/") == 2 and path != "/models/":  # noqa: PLR2004  # two levels
        read = partial(read_model, path.removeprefix("/models/"))
    else:
        return make_error(404)
    return read() if method == "GET" else make_error(405)


def make_error(status: int) -> Answer:
    """Make an error answer."""
    code, message = ERRORS[status]
    return status, {"error": {"code": code, "message": message}}


def read_health() -> Answer:
    """Say whether the service can answer."""
    return 200, {"status": "ok"}


def read_greeting() -> Answer:
    """Greet the world."""
    return 200, {"message": "Hello, World!"}


def read_model(model_id: str) -> Answer:
    """Answer one model with its owner and releases."""
    if not MODEL_ID.fullmatch(model_id):
        return make_error(422)
    number = int(model_id)
    return (200, make_model(number)) if number <= KNOWN else make_error(404)


def make_model(number: int) -> dict[str, Any]:
    """Make one model anew; the contenders keep theirs as objects."""
    return {
        "id": number,
        "name": f"model-{number}",
        "task": TASKS[number % len(TASKS)],
        "parameters": 1_000_000 * number,
        "public": number % 2 == 0,
        "tags": ["text", f"series-{number % 10}"],
        "owner": make_owner(number % len(OWNERS)),
        "releases": [make_release(number, 1), make_release(number, 2)],
    }


def make_owner(index: int) -> dict[str, Any]:
    """Make who answers for a model."""
    team = {"name": f"team-{index}", "city": CITIES[index % len(CITIES)]}
    return {"id": index + 1, "name": OWNERS[index], "team": team}


def make_release(number: int, major: int) -> dict[str, Any]:
    """Make a published version of a model."""
    accuracy = {"name": "accuracy", "value": 0.25 * major + number / 256, "higher_is_better": True}
    latency = {"name": "latency_ms", "value": number / 8 + major, "higher_is_better": False}
    released = date(2024 + major, number % 12 + 1, number % 28 + 1).isoformat()
    return {"version": f"{major}.0.{number % 10}", "released": released, "metrics": [accuracy, latency]}


ROUTES: dict[str, Callable[[], Answer]] = {"/healthz": read_health, "/json": read_greeting}
