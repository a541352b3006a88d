"""Checking: an answer is the expected one, or it is said what differs, whatever a server may send."""

import pytest

from harness.engines.checking import size_limit_bytes, wrong
from harness.model import ErrorCause, Expectation

_EXPECT = Expectation(json_body={"a": [1, 2.5, True, None], "b": {"c": "ü"}})
_JSON = "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[1,2.5,true,null],"b":{"c":"\xc3\xbc"}}',
        b' { "b" : {"c":"\\u00fc"}, "a" : [1.0, 25e-1, true, null] } ',
    ],
)
def test_key_order_and_number_format_are_free(body: bytes) -> None:
    assert wrong(_EXPECT, 200, _JSON, body) is None


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
    found = wrong(_EXPECT, 200, _JSON, body)
    assert found is not None
    assert found[0] is ErrorCause.BODY
    assert found[1].isprintable()


def test_status_and_media_type_are_checked_before_the_body() -> None:
    failed = wrong(_EXPECT, 500, _JSON, b"")
    assert failed is not None
    assert failed[0] is ErrorCause.STATUS
    page = wrong(_EXPECT, 200, "text/html", b"")
    assert page is not None
    assert page[0] is ErrorCause.BODY
    assert "text/html" in page[1]


def test_what_a_server_sent_is_shown_short_and_without_control_characters() -> None:
    for body in (b"\x1b[2J\0\r\n" * 10_000, "\u202e\u2028".encode() * 10_000, b'"\\u001b[2J"'):
        found = wrong(_EXPECT, 200, _JSON, body)
        assert found is not None
        assert len(found[1]) < 2000
        assert found[1].isprintable()


def test_an_answer_may_be_much_longer_than_the_body_written_tightly() -> None:
    assert size_limit_bytes(_EXPECT) > 60_000
    large = Expectation(json_body=["x" * 1000] * 1000)
    assert size_limit_bytes(large) > 4_000_000
