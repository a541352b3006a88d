"""The contenders' OpenAPI documents, the contract and the scenarios say the same: fetched over HTTP, compared."""

import functools
import re

import openapi_spec_validator
import pytest

from harness import rendering
from tests.documented import contradictions
from tests.openapi import operations
from tests.serving import KNOWN, served
from tests.test_apps import APPS, CONTENDERS, functions, modules

# Every route that a document describes, as apps/README.md has it: the view function, and all statuses but 405 and 500.
ROUTES = {
    "GET /healthz": ("read_health", {200}),
    "GET /json": ("read_greeting", {200}),
    "GET /models/{model_id}": ("read_model", {200, 404, 422}),
    "GET /items": ("read_items", {200, 422, 503}),
    "GET /items/{item_id}": ("read_item", {200, 404, 422, 503}),
    "GET /catalogue/typed": ("read_typed", {200}),
    "GET /catalogue/untyped": ("read_untyped", {200}),
    "GET /injected": ("read_injected", {200}),
    "GET /uninjected": ("read_uninjected", {200}),
    "POST /users": ("create_user", {202, 409, 413, 422, 503}),
    "GET /me": ("read_me", {200, 401, 503}),
    "POST /login": ("create_token", {200, 401, 413, 422, 503}),
    "GET /expensive": ("read_expensive", {200, 422, 429}),
    "GET /top": ("read_top", {200, 503}),
    "GET /upstream": ("read_rate", {200, 502}),
    "GET /slow": ("read_slow", {200, 503}),
    "POST /graphql": ("query_catalogue", {200, 413, 422}),
    "GET /metrics": ("read_metrics", {200, 404}),
    "POST /upload": ("create_upload", {200, 413, 422}),
    "GET /download": ("read_download", {200}),
}
UNDESCRIBED = {"/openapi.json", "/docs", "/redoc", "/ws/echo"}  # documents describe neither themselves nor WebSockets


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The document of a contender, which is started and asked once."""
    return functools.cache(lambda name: fetched(name, tmp_path_factory.mktemp("logs") / name))


@pytest.fixture(scope="module")
def described(document):
    return functools.cache(lambda name: operations(document(name)))


def fetched(name, log):
    with served(name, {}, log) as server:
        answer = server.ask("GET", "/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def promised():
    """Every address in the tables of the contract, as in `GET /models/1`."""
    contract = (APPS / "README.md").read_text("utf-8").partition("\n## The contract\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+)\|", contract, re.MULTILINE)
    found = [one for cell in cells for one in re.findall(r"`(?:(GET|POST) )?(/[^`?]*)", cell)]
    return {f"{method or 'GET'} {path}" for method, path in found}


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_document_is_openapi(name, document):
    openapi_spec_validator.validate(document(name))
    assert {"title": "Shop", "version": "1.0.0"}.items() <= document(name)["info"].items()


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_document_describes_every_route_of_the_contract_with_every_status_and_no_other(name, described):
    found = {route: (operation.name, {*operation.answers}) for route, operation in described(name).items()}
    assert found == ROUTES


def test_the_contract_promises_what_documents_describe():
    patterns = {route: re.sub(r"\{\w+\}", "[0-9]+", route) for route in ROUTES}
    answered = {one for one in promised() if one.partition(" ")[2] not in UNDESCRIBED}
    assert {one for one in answered if not any(re.fullmatch(each, one) for each in patterns.values())} == set()
    assert {route for route, each in patterns.items() if not any(re.fullmatch(each, one) for one in answered)} == set()


def test_operations_are_called_as_their_view_functions():
    routes = [APPS / CONTENDERS[0] / "routes" / f"{one}.py" for one in modules(CONTENDERS[0], "routes")]
    assert {name for name, _ in ROUTES.values()} <= {name for path in routes for name, _ in functions(path)}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", CONTENDERS[1:])
def test_a_document_says_of_a_route_what_the_first_contenders_says(name, route, described):
    assert described(name).get(route) == described(CONTENDERS[0]).get(route)


@pytest.mark.parametrize("scenario", KNOWN.scenarios)
@pytest.mark.parametrize("name", CONTENDERS)
def test_a_document_allows_what_a_scenario_asks_and_expects(name, scenario, described):
    asked = [one for request in KNOWN.scenarios[scenario].requests for one in rendering.for_verifying(request, 0)]
    judged = {one.name: contradictions(one, described(name)) for one in asked if one.path not in UNDESCRIBED}
    assert {which: said for which, said in judged.items() if said} == {}
