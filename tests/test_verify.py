"""The contract is checked over real HTTP, and everything that is wrong is told."""

import itertools
import json

import pytest

from harness import rendering, verify
from harness.model import Draw, Request
from tests.engine_servers import answers, answers_once, replies, says, served
from tests.fakes import RIGHT, SCENARIO, http_server


def broken(answers):
    with http_server(answers) as port:
        return verify.broken("127.0.0.1", port, SCENARIO, timeout_s=2.0)


def test_a_server_that_keeps_the_contract_has_nothing_wrong():
    assert broken(RIGHT) == ()


def test_key_order_white_space_and_number_format_are_free():
    body = b' {"message" :\n"hello"}'
    assert broken({**RIGHT, "/hello": (200, body)}) == ()


def test_every_wrong_answer_is_told_with_its_request():
    wrong = broken({"/hello": (200, b'{"message": "bye"}'), "/missing": (500, b"oops")})
    assert len(wrong) == 2
    assert "hello: GET /hello" in wrong[0]
    assert "status 500 instead of 404" in wrong[1]


def test_a_server_that_is_not_there_has_no_answer():
    with http_server(RIGHT) as port:
        pass
    assert all("no answer: ConnectError" in one for one in verify.broken("127.0.0.1", port, SCENARIO, timeout_s=2.0))


def test_what_a_server_sends_cannot_act_on_a_terminal():
    (wrong,) = broken({**RIGHT, "/hello": (200, b"\x1b[31m red \x07")})
    assert wrong.isprintable()


# Scenarios that hold more than fixed GETs ----------------------------------------------------------------------------


def wrong_of(behave, *requests, seed=0):
    with served(behave) as (host, port):
        asked = SCENARIO.model_copy(update={"requests": requests})
        return verify.broken(host, port, asked, timeout_s=5.0, seed=seed)


def done(name, **fields):
    return Request(name=name, path=f"/{name}", **{"expect": {"json_body": {"status": "done"}}, **fields})


def test_requests_are_asked_in_the_order_of_the_file_each_as_often_as_it_says():
    heard = []

    def reply(request):
        heard.append(request.path)
        return says(200, b'{"status": "done"}')

    items = done("items", draw=Draw(of="item", count=50), times=2).model_copy(update={"path": "/items/{item.id}"})
    assert wrong_of(replies(reply), items, done("thrice", times=3, weight=0), done("last"), seed=5) == ()
    drawn = [request.path for request in rendering.for_verifying(items, 5)]
    assert heard == [*drawn, *["/thrice"] * 3, "/last"]
    assert len(set(drawn)) == 2


def test_a_limit_is_met_exactly_where_the_file_says():
    numbers = itertools.count(1)

    def reply(_):
        return says(200, b'{"status": "done"}') if next(numbers) <= 2 else says(429, b"{}", "Retry-After: 9\r\n")

    refused = {"status": 429, "headers": {"Retry-After": "<integer>"}, "json_body": {}}
    (wrong,) = wrong_of(replies(reply), done("thrice", times=3), done("refused", weight=0, expect=refused))
    assert wrong == "thrice: GET /thrice: status 429 instead of 200"


def test_an_alternative_is_right_when_verifying_as_under_load():
    missed = {"missed": {"headers": {"X-Cache": "miss"}, "json_body": {"status": "done"}}}
    hit = {"headers": {"X-Cache": "hit"}, "json_body": {"status": "done"}}
    top = done("top", expect=hit, alternatives=missed)
    assert wrong_of(answers(says(200, b'{"status": "done"}', "X-Cache: miss\r\n")), top) == ()
    (wrong,) = wrong_of(answers(says(200, b'{"status": "done"}', "X-Cache: no\r\n")), top)
    assert wrong.endswith(
        "header X-Cache: 'no' instead of hit; nor is it `missed`: header X-Cache: 'no' instead of miss"
    )


@pytest.mark.parametrize("padding", [70_000, 20_000_000])
def test_an_answer_that_comes_before_a_huge_body_was_read_is_the_answer(padding):
    refused = {"status": 413, "json_body": {}}
    large = done("large", method="POST", body={}, padding=padding, expect=refused)
    assert wrong_of(answers_once(says(413, b"{}", "Connection: close\r\n")), large, large.model_copy()) == ()


def test_what_is_told_of_a_wrong_answer_holds_no_secret_of_the_request():
    def reply(request):
        return says(200, json.dumps({"detail": [{"input": request.body.decode()}], **request.headers}).encode())

    headers = {"Authorization": "Bearer {user.token}", "X-Api-Key": "abcdefg"}
    body = {"password": "{user.password}", "email": "{user.email}"}
    login = done("login", method="POST", headers=headers, body=body, draw=Draw(of="user"))
    (wrong,) = wrong_of(replies(reply), login)
    assert "<secret>" in wrong
    assert not any(part in wrong for part in ("correct horse", "eyJ", "abcdefg"))
    (wrong,) = wrong_of(answers_once(b""), login)
    assert wrong.startswith("login: POST /login: no answer: ")
