"""The contract is checked over real HTTP, and everything that is wrong is told."""

import itertools
import json

import pytest

from harness import rendering, verify
from harness.model import Draw, Request
from tests import websocket_servers
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


def test_a_server_may_close_a_kept_connection_but_must_answer_over_a_new_one():
    large, small = done("large", method="POST", body={}, padding=70_000), done("small")
    assert wrong_of(answers_once(says(200, b'{"status": "done"}')), large, small) == ()
    (wrong,) = wrong_of(answers_once(b""), small)
    assert "no answer: RemoteProtocolError" in wrong


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


# WebSockets ----------------------------------------------------------------------------------------------------------


def wrong_over_websocket(behave, timeout_s=2.0, padding=0):
    with served(behave) as (host, port):
        asked = websocket_servers.scenario()
        padded = asked.requests[0].model_copy(update={"padding": padding})
        return verify.broken(host, port, asked.model_copy(update={"requests": (padded,)}), timeout_s)


def test_a_websocket_is_sent_the_text_three_times_and_nothing_and_a_long_one_with_all_kinds_of_letters():
    heard = []

    def reply(text):
        heard.append(text.decode())
        return (websocket_servers.framed(0x81, text),)

    assert wrong_over_websocket(websocket_servers.speaks(reply), padding=9) == ()
    *short, nothing, long = heard
    assert short == [websocket_servers.TEXT + " " * 9] * 3
    assert nothing == ""
    assert len(long) == 60_000
    assert len(long.encode()) < 65_536
    assert not long.isascii()


@pytest.mark.parametrize("name", [name for name in websocket_servers.RIGHT if name != "leaves without a word"])
def test_whatever_the_engine_takes_for_an_echo_keeps_the_contract(name):
    assert wrong_over_websocket(websocket_servers.RIGHT[name], timeout_s=20.0) == ()


@pytest.mark.parametrize("name", websocket_servers.WRONG)
def test_whatever_the_engine_counts_as_an_error_breaks_the_contract(name):
    behave, *_ = websocket_servers.WRONG[name]
    (wrong,) = wrong_over_websocket(behave, timeout_s=0.5)
    assert wrong.startswith("echo: GET /ws/echo: ")
    assert wrong.isprintable()


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (websocket_servers.refuses(websocket_servers.NOT_FOUND), "no WebSocket: status 404 instead of 101"),
        (websocket_servers.WRONG["other key"][0], "no WebSocket: 'invalid Sec-WebSocket-Accept header"),
        (websocket_servers.WRONG["another text"][0], "the echo 'dcba"),
        (websocket_servers.WRONG["hangs"][0], "no echo of a text of 64 characters: TimeoutError"),
        (websocket_servers.WRONG["leaves"][0], "no echo of a text of 64 characters: ConnectionClosedError"),
        (websocket_servers.speaks(leaves=b""), "a goodbye was not answered"),
        (websocket_servers.speaks(stays_s=2.0), "the connection was not closed within 0.5 s of a goodbye"),
    ],
)
def test_what_is_wrong_with_a_websocket_is_said_in_a_sentence(behave, said):
    (wrong,) = wrong_over_websocket(behave, timeout_s=0.5)
    assert said in wrong


def test_a_text_that_is_cut_is_told_from_the_one_that_was_sent():
    (wrong,) = wrong_over_websocket(
        websocket_servers.speaks(lambda text: (websocket_servers.framed(0x81, text[:999]),))
    )
    assert "(941 characters) instead of" in wrong
    assert "(60000 characters)" in wrong


def test_a_websocket_that_is_not_there_has_no_answer():
    with served(websocket_servers.speaks()) as (host, port):
        pass
    wrong, other = verify.broken(host, port, websocket_servers.scenario(), timeout_s=2.0)
    assert "no answer: ConnectionRefusedError" in wrong
    assert "no answer: ConnectError" in other
