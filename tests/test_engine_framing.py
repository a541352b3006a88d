"""Framing: where an answer ends, whatever pieces it comes in."""

import itertools

import pytest

from harness.engines.connection.framing import (
    HEAD_LIMIT_BYTES,
    Answer,
    CutOffError,
    Framing,
    FramingError,
    TooLongError,
)

_LIMIT = 100_000
_CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def _parse(data: bytes, *, method: str = "GET", ended: bool = False, cuts: tuple[int, ...] = ()) -> Answer | None:
    framing = Framing(method, _LIMIT)
    answer = None
    for start, stop in itertools.pairwise((0, *cuts, len(data))):
        assert answer is None, "complete before its last byte"
        answer = framing.feed(data[start:stop])
    return framing.end() if ended and answer is None else answer


_WHOLE = {
    "length": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 4\r\n\r\n{} \n",
        Answer(
            200,
            "application/json",
            b"{} \n",
            keeps=True,
            headers={"content-type": "application/json; charset=utf-8", "content-length": "4"},
        ),
    ),
    "length of zero": (
        b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n",
        Answer(200, "", b"", keeps=True, headers={"content-length": "0"}),
    ),
    "length said twice": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab",
        Answer(200, "", b"ab", keeps=True, headers={"content-length": "2, 2, 2"}),
    ),
    "no reason phrase": (
        b"HTTP/1.1 404 \r\nContent-Length: 1\r\n\r\nx",
        Answer(404, "", b"x", keeps=True, headers={"content-length": "1"}),
    ),
    "last of the connection": (
        b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx",
        Answer(200, "", b"x", keeps=False, headers={"connection": "foo, Close", "content-length": "1"}),
    ),
    "HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        Answer(200, "", b"x", keeps=False, headers={"content-length": "1"}),
    ),
    "HTTP/1.0 kept": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
        Answer(200, "", b"x", keeps=True, headers={"connection": "Keep-Alive", "content-length": "1"}),
    ),
    "chunks with extensions and trailers": (
        _CHUNKED_HEAD + b'1;a="b"\r\n{\r\n00A ; c\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: \r\n\r\n',
        Answer(200, "", b"{0123456789", keeps=True, headers={"transfer-encoding": "Chunked"}),
    ),
    "interim answers first": (
        _INTERIM + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        Answer(200, "", b"x", keeps=True, headers={"content-length": "1"}),
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, "", b"", keeps=True)),
    "not modified": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        Answer(304, "", b"", keeps=True, headers={"content-length": "9"}),
    ),
}


@pytest.mark.parametrize("name", _WHOLE)
def test_an_answer_is_the_same_wherever_it_is_split(name: str) -> None:
    data, expected = _WHOLE[name]
    assert _parse(data) == expected
    assert _parse(data, cuts=tuple(range(1, len(data)))) == expected
    for cut in range(1, len(data)):
        assert _parse(data, cuts=(cut,)) == expected


_SIZES = [b"5\r\nabcde\r\n2\r\nfg\r\n0\r\n\r\n", b"7\r\nabcdefg\r\n0\r\n\r\n"]
_ABC = [*(_CHUNKED_HEAD + one for one in _SIZES), b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg"]


@pytest.mark.parametrize("data", [*_ABC, b"HTTP/1.1 200 OK\r\n\r\nabcdefg"], ids=["two", "one", "length", "end"])
@pytest.mark.parametrize("likely", [b"abcdefg", b"abcdeXg", b"Xbcdefg", b"abc", b"abcdefgh", b""])
def test_a_body_that_equals_the_likely_one_is_that_very_object_whatever_pieces_it_comes_in(
    data: bytes, likely: bytes
) -> None:
    for cut in range(len(data) + 1):
        framing = Framing("GET", _LIMIT, likely)
        answer = framing.feed(data[:cut]) or framing.feed(data[cut:]) or framing.end()
        assert answer.body == b"abcdefg"
        assert (answer.body is likely) == (likely == b"abcdefg")


@pytest.mark.parametrize("name", _WHOLE)
def test_an_answer_cut_off_anywhere_is_not_taken_for_whole(name: str) -> None:
    data, _ = _WHOLE[name]
    for size in range(len(data)):
        with pytest.raises(CutOffError):
            _parse(data[:size], ended=True)


def test_an_answer_to_head_has_no_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert _parse(head, method="HEAD") == Answer(200, "", b"", keeps=True, headers={"content-length": "9"})


def test_the_end_of_the_connection_completes_an_answer_without_a_length() -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nall of it"
    assert _parse(data) is None
    assert _parse(data, ended=True) == Answer(200, "", b"all of it", keeps=False)


@pytest.mark.parametrize(
    "data",
    [
        b"garbage",
        b"\0",
        b"SSH-2.0-x\r\n",
        b"HTTP/2 200\r\n",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 999 OK\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ],
)
def test_what_is_no_answer_is_refused_as_soon_as_it_is_seen(data: bytes) -> None:
    with pytest.raises(FramingError):
        _parse(data)
    with pytest.raises(FramingError):
        _parse(data, cuts=tuple(range(1, len(data))))


def test_bytes_that_nobody_asked_for_are_refused() -> None:
    framing = Framing("GET", _LIMIT)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    with pytest.raises(FramingError):
        _parse(whole + b"y")
    assert framing.feed(whole) is not None
    with pytest.raises(FramingError):
        framing.feed(b"y")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * _LIMIT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * _LIMIT,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * HEAD_LIMIT_BYTES,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * (HEAD_LIMIT_BYTES + 10),
        b"HTTP/1.1 100 Continue\r\n\r\n" * HEAD_LIMIT_BYTES,
    ],
)
def test_an_answer_without_bounds_is_given_up(data: bytes) -> None:
    with pytest.raises(TooLongError):
        _parse(data, cuts=tuple(range(1000, len(data), 1000)))
