"""Frames: what a client says, and what a server says in whatever pieces, held against a library of others."""

import base64
import itertools

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader
from websockets.uri import parse_uri

from harness.contract import Answer
from harness.engines.connection.frames import Frames, Kind, Said, client_frame, goodbye, server_frame
from harness.engines.connection.framing import CutOffError, Framing, FramingError, TooLongError
from harness.engines.connection.opening import accepted, head, judged, new_key, with_key
from harness.model import ErrorCause, Request, Target
from tests.websocket_servers import framed, scenario, switched

_LIMIT = 200_000
_SIZES = [0, 1, 4, 7, 125, 126, 127, 65_535, 65_536]
_TARGET = Target(host="::1", port=80, scenario=scenario())
_REQUEST: Request = _TARGET.scenario.requests[0]


def parsed(frame: bytes, *, masked: bool) -> Frame:
    """As the library websockets reads it."""
    reader = StreamReader()
    reader.feed_data(frame)
    reader.feed_eof()
    try:
        next(Frame.parse(reader.read_exact, mask=masked))
    except StopIteration as done:
        found: Frame = done.value
        return found
    raise AssertionError("more bytes are expected")


@pytest.mark.parametrize("size", _SIZES)
def test_a_client_s_frame_is_masked_and_read_by_others_as_it_was_meant(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    assert parsed(client_frame(Kind.TEXT, payload), masked=True) == Frame(Opcode.TEXT, payload)


@pytest.mark.parametrize("size", _SIZES)
def test_a_server_s_frame_is_what_others_write(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    assert server_frame(Kind.TEXT, payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_goodbye_says_that_all_is_well() -> None:
    assert parsed(goodbye(), masked=True) == Frame(Opcode.CLOSE, b"\x03\xe8")


@pytest.mark.parametrize("size", _SIZES)
def test_a_frame_is_whole_with_its_last_byte_and_not_before(size: int) -> None:
    frame = framed(0x81, b"x" * size)
    for cut in {1, 2, 3, 4, 9, 10, len(frame) // 2, len(frame) - 1} & set(range(1, len(frame))):
        frames = Frames(_LIMIT)
        assert frames.feed(frame[:cut]) == []
        assert not frames.is_between
        assert frames.feed(frame[cut:]) == [Said(Kind.TEXT, b"x" * size)]
        assert frames.is_between


def test_fragments_are_one_message_and_control_frames_may_stand_between_them() -> None:
    whole = framed(0x01, b"a") + framed(0x89, b"?") + framed(0x00, b"b") + framed(0x8A, b"!") + framed(0x80, b"c")
    said = [Said(Kind.PING, b"?"), Said(Kind.TEXT, b"abc")]
    assert Frames(_LIMIT).feed(whole) == said
    frames = Frames(_LIMIT)
    assert [one for byte in whole for one in frames.feed(bytes([byte]))] == said


def test_several_messages_in_one_piece_are_told_apart() -> None:
    found = Frames(_LIMIT).feed(framed(0x81, b"one") + framed(0x82, b"two") + framed(0x88, b"\x03\xe8done"))
    assert found == [Said(Kind.TEXT, b"one"), Said(Kind.BINARY, b"two"), Said(Kind.CLOSE, b"\x03\xe8done")]
    assert str(found[-1]) == "close with the code 1000 and the reason 'done'"


@pytest.mark.parametrize(
    "said",
    [
        b"\xc1\x00",
        b"\x83\x00",
        b"\x8b\x00",
        b"\x81\x80\0\0\0\0",
        b"\x80\x00",
        b"\x01\x00\x81\x00",
        b"\x09\x00",
        b"\x89\x7e\x00\x7e",
        b"\x81\x7e\x00\x7d",
        b"\x81\x7f\0\0\0\0\0\0\xff\xff",
        b"\x88\x01\x03",
    ],
    ids=bytes.hex,
)
def test_what_no_server_may_say_is_refused_in_whatever_pieces_it_comes(said: bytes) -> None:
    for cut in range(1, len(said)):
        frames = Frames(_LIMIT)
        with pytest.raises(FramingError):
            _ = frames.feed(said[:cut]) + frames.feed(said[cut:])


def test_a_frame_that_is_too_long_is_refused_when_it_is_announced_and_fragments_by_their_sum() -> None:
    with pytest.raises(TooLongError, match="announced, over 1000"):
        Frames(1000).feed(b"\x81\x7e\x03\xe9")
    frames = Frames(1000)
    frames.feed(framed(0x01, b"x" * 900))
    with pytest.raises(TooLongError, match="more than 1000"):
        frames.feed(framed(0x80, b"x" * 100))


# The handshake -------------------------------------------------------------------------------------------------------


def test_the_key_of_the_rfc_makes_the_answer_of_the_rfc() -> None:
    assert accepted(b"dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_no_two_connections_have_one_key() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(base64.b64decode(key, validate=True)) for key in keys} == {16}


def test_the_upgrade_asks_for_no_more_than_a_websocket() -> None:
    request = _REQUEST.model_copy(update={"headers": {"X-Api-Key": "abc"}})
    assert with_key(head(request, _TARGET), b"key") == (
        b"GET /ws/echo HTTP/1.1\r\nHost: [::1]:80\r\nX-Api-Key: abc\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: key\r\n\r\n"
    )


def test_a_server_made_by_others_takes_the_upgrade_and_others_take_the_same_answers() -> None:
    """What the client of the library refuses of these answers is refused here."""
    for answer in (switched("x"), switched(":)", upgrade="h2c"), switched(":)", connection="close")):
        client = ClientProtocol(parse_uri("ws://localhost/ws/echo"))
        client.key = ":)"
        client.send_request(client.connect())
        client.receive_data(answer)
        client.receive_eof()
        assert client.handshake_exc is not None
        assert answered(answer, b":)") is ErrorCause.FRAMING
    assert answered(switched(":)"), b":)") is None


def answered(received: bytes, key: bytes) -> ErrorCause | None:
    answer = Framing("GET", _LIMIT, upgrades=True).feed(received)
    assert answer is not None
    compared = Answer(answer.status, answer.media_type, answer.body, answer.headers)
    return judged(_REQUEST, compared, key, ()).cause


def test_headers_that_a_scenario_expects_of_an_upgrade_must_be_there() -> None:
    expect = _REQUEST.expect.model_copy(update={"headers": {"X-Shop": "open"}})
    request = _REQUEST.model_copy(update={"expect": expect})
    headers = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": accepted(b"x")}
    found = judged(request, Answer(101, "", b"", headers), b"x", ())
    assert (found.cause, found.text) == (ErrorCause.BODY, "no header X-Shop")


def test_what_follows_the_answer_to_an_upgrade_is_kept_in_whatever_pieces_it_comes() -> None:
    received = b"HTTP/1.1 100 Continue\r\n\r\n" + switched("x")
    for cut in range(1, len(received)):
        framing = Framing("GET", _LIMIT, upgrades=True)
        assert framing.feed(received[:cut]) is None
        answer = framing.feed(received[cut:] + b"\x89\x00")
        assert answer is not None
        assert (answer.status, framing.rest) == (101, b"\x89\x00")


def test_an_upgrade_that_nobody_asked_for_is_no_answer() -> None:
    with pytest.raises(FramingError, match="without having been asked"):
        Framing("GET", _LIMIT).feed(switched("x"))


def test_an_answer_to_an_upgrade_may_be_cut_off_anywhere() -> None:
    received = switched("x")
    for cut, _ in itertools.pairwise(range(len(received))):
        framing = Framing("GET", _LIMIT, upgrades=True)
        framing.feed(received[:cut])
        with pytest.raises(CutOffError):
            framing.end()
