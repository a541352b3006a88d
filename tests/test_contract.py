"""What is wrong with an answer: holes, headers, and what may not be shown."""

import json
import zlib

import pytest
from pydantic import ValidationError

from harness.contract import Answer, masked, mismatch, wrong_echo
from harness.model import HOLES, Content, Expectation, Request, Scenario

JSON = "application/json"
FILLED = {
    "<integer>": (["0", 17, "9" * 30], ["01", "-1", 1.5, True, None, "", "1 ", "\u0661"]),
    "<time>": (["2025-01-01T00:01:00Z"], ["2025-01-01T00:01:00", "2025-01-01 00:01:00Z", "2025-01-01T00:01:00.5Z", 5]),
    "<token>": (["a.b-c.d_e"], ["a.b", "a.b.c.d", "", "a. b.c", ["a.b.c"]]),
    "<object>": ([{"a": 1}], [{}, [], "a", 1, None]),
    "<text>": (["a", "a\nb"], ["", 1, None, ["a"]]),
}


def wrong(expected, body, headers=None):
    return mismatch(Expectation(json_body=expected), Answer(200, JSON, json.dumps(body).encode(), headers or {}))


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_takes_what_fits_it_and_nothing_else(hole):
    fits, others = FILLED[hole]
    for value in fits:
        assert wrong({"a": [hole]}, {"a": [value]}) is None, value
    for value in others:
        assert wrong({"a": [hole]}, {"a": [value]}) is not None, value
    assert Expectation(json_body={"a": [hole]}).varies == (hole not in {"<object>", "<text>"})
    assert not Expectation(json_body={"a": [f"no {hole}"]}).varies


def test_null_is_written_as_a_text_that_toml_can_hold_and_nothing_else_is_null():
    assert wrong({"a": ["<null>"]}, {"a": [None]}) is None
    assert wrong({"a": ["<null>"]}, {"a": ["<null>"]}) == 'body \'{"a": ["<null>"]}\' instead of \'{"a": [null]}\''
    assert wrong({"a": ["<null>"]}, {"a": []}) is not None
    assert Request(name="a", path="/", body={"a": "<null>"}, expect=Expectation(json_body=1)).body == {"a": None}


def test_headers_are_compared_whatever_the_case_of_their_names_and_further_ones_are_free():
    expected = Expectation(headers={"X-Cache": "hit", "Retry-After": "<integer>"}, json_body=1)
    said = {"x-cache": "hit", "retry-after": "7", "date": "today"}
    assert mismatch(expected, Answer(200, JSON, b"1", said)) is None
    assert (
        mismatch(expected, Answer(200, JSON, b"1", {**said, "x-cache": "Hit"}))
        == "header X-Cache: 'Hit' instead of hit"
    )
    assert mismatch(expected, Answer(200, JSON, b"1", {"x-cache": "hit"})) == "no header Retry-After"


@pytest.mark.parametrize("secret", ["correct horse", 'a "quoted" one', "back\\slash", "ümläut 🦉", "tab\t."])
def test_a_secret_is_masked_however_often_it_was_quoted(secret):
    once, twice = json.dumps({"a": secret}), json.dumps(json.dumps({"a": secret}))
    for text in (secret, once, twice, json.dumps({"a": secret}, ensure_ascii=False), repr(secret.encode()), repr(once)):
        shown = masked(f"before {text} after", ("", secret))
        assert "<secret>" in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")
        assert not any(part in shown for part in ("horse", "quoted", "slash", "ml", "tab"))


def test_masking_ends_soon_whatever_a_server_sends():
    assert masked("\\" * 200_000, ('"\\"\\',)) == "\\" * 200_000


def test_a_signed_token_is_masked_though_nobody_named_it():
    assert masked("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!") == "Bearer <token>!"


def test_a_body_that_is_no_json_is_compared_by_what_it_contains_or_byte_for_byte():
    texts = Expectation(media_type="text/plain", contains=("a 1", "b 2"))
    assert mismatch(texts, Answer(200, "text/plain; charset=utf-8", b"a 1\nb 2\n")) is None
    assert mismatch(texts, Answer(200, "text/plain", b"a 1\nb 3\n")) == "body without 'b 2': 'a 1\\nb 3\\n'"
    content = Expectation(media_type="text/plain", content=Content(size_bytes=3, crc32=zlib.crc32(b"abc")))
    assert mismatch(content, Answer(200, "text/plain", b"abc")) is None
    assert mismatch(content, Answer(200, "text/plain", b"ab")) == "a body of 2 bytes instead of 3"
    assert "checksum" in str(mismatch(content, Answer(200, "text/plain", b"abd")))


@pytest.mark.parametrize(
    "fields",
    [{}, {"json_body": 1, "contains": ["a"]}, {"status": 101, "json_body": 1}],
    ids=["none", "two", "a body after 101"],
)
def test_an_answer_has_one_kind_of_body(fields):
    with pytest.raises(ValidationError, match="what the body is"):
        Expectation(**fields)


@pytest.mark.parametrize(
    "fields",
    [{"expect": {"status": 101}}, {"expect": {"json_body": 1}, "echoes": 1, "text": "a"}, {"echoes": 1}],
    ids=["no echoes", "no 101", "no text"],
)
def test_a_websocket_says_what_is_sent_over_it_and_how_often(fields):
    with pytest.raises(ValidationError, match="WebSocket"):
        Request(**{"name": "echo", "path": "/ws/echo", "expect": {"status": 101}, **fields})


@pytest.mark.parametrize(
    "fields", [{"draw": {"of": "user"}}, {"alternatives": {"no": {"status": 503, "json_body": 1}}}, {"method": "POST"}]
)
def test_a_websocket_is_always_the_same(fields):
    with pytest.raises(ValidationError, match="WebSocket"):
        Request(**{"name": "echo", "path": "/", "text": "a", "echoes": 1, "expect": {"status": 101}, **fields})


def test_a_load_over_websockets_is_a_single_request():
    echo = Request(name="echo", path="/ws/echo", text="a", echoes=9, expect={"status": 101})
    other = Request(name="other", path="/", expect={"json_body": 1})
    about = {"name": "x", "about": "", "isolates": "", "leaves_out": ""}
    asked = Scenario(**about, requests=(echo, other.model_copy(update={"weight": 0})))
    assert (asked.echoes, asked.is_plain) == (9, False)
    assert Scenario(**about, requests=(other,)).echoes is None
    with pytest.raises(ValidationError, match="a single request with `echoes`"):
        Scenario(**about, requests=(echo, other))


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [
        ("abc", None),
        ("abd", "the echo 'abd' (3 characters) instead of 'abc' (3 characters)"),
        (b"abc", "a binary message of 3 bytes instead of the text that was said"),
    ],
)
def test_an_echo_is_the_very_text_that_was_said(heard, wrong):
    assert wrong_echo("abc", heard) == wrong
