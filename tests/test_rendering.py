"""Requests are rendered for rows before the load, and the same seed renders the same."""

import pytest

from harness import catalog, rendering
from harness.errors import InputError
from harness.model import Draw, Expectation, Request

SCENARIOS = catalog.read().scenarios
ITEM = Request(
    name="item",
    path="/items/{item.id}",
    headers={"X-Id": "{item.id}"},
    body={"id": "{item.id}", "text": "no. {item.id}"},
    draw=Draw(of="item", count=5),
    times=2,
    expect=Expectation(json_body={"id": "{item.id}", "in_stock": "{item.in_stock}"}),
)


def test_a_text_that_is_nothing_but_a_place_takes_the_type_and_others_take_the_text():
    one = rendering.for_load(ITEM, 0)[0]
    number = one.body["id"]
    assert isinstance(number, int)
    assert one.body["text"] == f"no. {number}"
    assert (one.path, one.headers) == (f"/items/{number}", {"X-Id": str(number)})
    assert one.expect.json_body == {"id": number, "in_stock": number % 3 != 0}


def test_the_seed_chooses_the_rows_and_no_row_comes_twice():
    once = rendering.for_load(ITEM, 1)
    assert once == rendering.for_load(ITEM, 1)
    assert once != rendering.for_load(ITEM, 2)
    assert len({one.path for one in once}) == 5
    assert rendering.for_verifying(ITEM, 1) == once[:2]


def test_what_is_asked_once_in_the_load_was_not_asked_when_verifying():
    fresh = ITEM.model_copy(update={"draw": Draw(of="item", count=5, once=True)})
    verified, load = rendering.for_verifying(fresh, 1), rendering.for_load(fresh, 1)
    assert (len(verified), len(load)) == (2, 5)
    assert not {one.path for one in verified} & {one.path for one in load}


def test_a_place_that_no_row_fills_is_refused_with_those_that_there_are():
    with pytest.raises(InputError, match=r'"\{item.colour\}" is no field') as caught:
        rendering.for_load(ITEM.model_copy(update={"path": "/{item.colour}"}), 0)
    assert "{item.price_cents}" in caught.value.hint


def test_what_no_path_can_hold_is_refused_without_showing_it():
    spaced = ITEM.model_copy(update={"path": "/{user.password}", "draw": Draw(of="user"), "headers": {}, "body": None})
    with pytest.raises(InputError, match='the request "item" cannot be rendered: path: ') as caught:
        rendering.for_load(spaced.model_copy(update={"expect": Expectation(json_body=1)}), 0)
    assert "horse" not in str(caught.value)


def test_a_body_is_json_or_text_with_spaces_after_it_and_has_a_media_type():
    assert rendering.payload(ITEM.model_copy(update={"body": {"a": 1}, "padding": 3})) == b'{"a": 1}   '
    text = ITEM.model_copy(update={"body": None, "text": "ü{"})
    assert rendering.payload(text) == "ü{".encode()
    assert rendering.headers(text)["Content-Type"] == "application/json"
    none = ITEM.model_copy(update={"body": None})
    assert rendering.payload(none) is None
    assert "Content-Type" not in rendering.headers(none)


def test_secrets_are_what_stands_under_names_that_say_so():
    headers = {"Authorization": "Bearer abc", "X-Api-Key": "def", "Accept": "text/html"}
    request = ITEM.model_copy(update={"headers": headers, "body": {"email": "a@b", "password": "ghi", "token": 5}})
    assert rendering.secrets(request) == ("abc", "def", "ghi")


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_scenario_can_be_rendered_and_has_a_request_that_tells_readiness(scenario):
    for request in scenario.requests:
        assert rendering.for_verifying(request, 3)
        assert rendering.for_load(request, 3)
    first = rendering.first(scenario, 3)
    assert (first.method, first.expect.status, first.is_plain) == ("GET", 200, True)


def test_a_scenario_that_cannot_tell_readiness_is_refused():
    varying = Request(name="now", path="/now", expect=Expectation(json_body="<time>"))
    own = Request(name="own", path="/own", expect=Expectation(json_body={"paths": "<object>"}))
    missing = Request(name="gone", path="/gone", expect=Expectation(status=404, json_body={}))
    with pytest.raises(InputError, match="one fixed answer"):
        rendering.first(SCENARIOS["json"].model_copy(update={"requests": (varying, own, missing)}), 0)
