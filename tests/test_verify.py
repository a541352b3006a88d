"""The contract is checked over real HTTP, and everything that is wrong is told."""

from harness import verify
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
