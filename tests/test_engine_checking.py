"""Checking: an answer is the expected one, or it is said what differs, whatever a server may send."""

import pytest

from harness.contract import Answer
from harness.engines.checking import Judged, judged, recurs, size_limit_bytes
from harness.model import ErrorCause, Expectation, Request

_JSON = "application/json"
_REQUEST = Request(name="a", path="/", expect=Expectation(json_body={"a": [1, 2.5, True, None], "b": {"c": "ü"}}))
_LIMITED = _REQUEST.model_copy(
    update={
        "expect": Expectation(json_body={"status": "done"}),
        "alternatives": {
            "refused": Expectation(status=429, headers={"Retry-After": "<integer>"}, json_body={}),
            "late": Expectation(headers={"X-Late": "yes"}, json_body={"status": "done", "at": "<time>"}),
        },
    }
)


def asked(body: bytes, status: int = 200, media_type: str = _JSON) -> Judged:
    return judged(_REQUEST, Answer(status, media_type, body))


def limited(status: int, body: bytes, **headers: str) -> Judged:
    named = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return judged(_LIMITED, Answer(status, _JSON, body, named))


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[1,2.5,true,null],"b":{"c":"\xc3\xbc"}}',
        b' { "b" : {"c":"\\u00fc"}, "a" : [1.0, 25e-1, true, null] } ',
    ],
)
def test_key_order_and_number_format_are_free(body: bytes) -> None:
    assert asked(body) == Judged(None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff",
        b"NaN",
        b"null",
        b'{"a":[1,2.5,true,null]}',
        b'{"a":[1,2.5,true,null],"b":{"c":"u"}}',
        b'{"a":[1,2.5,true,null],"b":{"c":"\xc3\xbc"},"d":1}',
        b'{"a":[1,2.5,1,null],"b":{"c":"\xc3\xbc"}}',
        b'{"a":[true,2.5,true,null],"b":{"c":"\xc3\xbc"}}',
        b'{"a":["1",2.5,true,null],"b":{"c":"\xc3\xbc"}}',
        b'{"a":[1,2.5,true],"b":{"c":"\xc3\xbc"}}',
        b'{"a":[1,2.5,true,null],"b":[]}',
    ],
)
def test_another_body_is_wrong(body: bytes) -> None:
    found = asked(body)
    assert found.cause is ErrorCause.BODY
    assert found.text.isprintable()


def test_status_and_media_type_are_checked_before_the_body() -> None:
    assert asked(b"", status=500).cause is ErrorCause.STATUS
    page = asked(b"", media_type="text/html")
    assert page.cause is ErrorCause.BODY
    assert "text/html" in page.text


def test_what_a_server_sent_is_shown_short_and_without_control_characters() -> None:
    for body in (b"\x1b[2J\0\r\n" * 10_000, "\u202e\u2028".encode() * 10_000, b'"\\u001b[2J"'):
        found = asked(body)
        assert found.cause is ErrorCause.BODY
        assert len(found.text) < 2000
        assert found.text.isprintable()


def test_an_answer_may_be_much_longer_than_the_body_written_tightly() -> None:
    assert size_limit_bytes(_REQUEST) > 60_000
    large = Expectation(json_body=["x" * 1000] * 1000)
    assert size_limit_bytes(_REQUEST.model_copy(update={"expect": large})) > 4_000_000
    assert size_limit_bytes(_REQUEST.model_copy(update={"alternatives": {"large": large}})) > 4_000_000


def test_the_first_alternative_that_fits_is_a_right_answer() -> None:
    assert limited(200, b'{"status": "done"}') == Judged(None)
    assert limited(429, b"{}", Retry_After="17") == Judged(None, alternative="refused")
    late = b'{"status": "done", "at": "2026-01-01T00:00:00Z"}'
    assert limited(200, late, X_Late="yes") == Judged(None, alternative="late")


def test_what_fits_no_alternative_is_wrong_and_every_one_of_its_status_is_told() -> None:
    assert limited(500, b"{}") == Judged(ErrorCause.STATUS, "status 500 instead of 200")
    refused = limited(429, b"{}")
    assert refused.cause is ErrorCause.BODY
    assert refused.text == "status 429 instead of 200; nor is it `refused`: no header Retry-After"
    late = limited(200, b'{"status": "late"}', X_Late="no")
    assert late.cause is ErrorCause.BODY
    assert "nor is it `late`: header X-Late: 'no' instead of yes" in late.text


def test_an_answer_with_a_hole_in_its_body_does_not_come_again() -> None:
    assert recurs(_LIMITED, None)
    assert recurs(_LIMITED, "refused"), "Retry-After is the same for a second, as Date is"
    assert not recurs(_LIMITED, "late")


def test_a_secret_of_the_request_is_not_shown_even_if_the_answer_repeats_it() -> None:
    echo = Answer(200, _JSON, '{"detail": [{"password": "möglichst geheim"}, "key=abc"]}'.encode())
    raw = Answer(200, _JSON, b"no JSON: abc, eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")
    for answer in (echo, raw):
        found = judged(_REQUEST, answer, ("möglichst geheim", "abc"))
        assert found.cause is ErrorCause.BODY
        assert "<secret>" in found.text
        assert not any(part in found.text for part in ("geheim", "abc", "eyJ"))
