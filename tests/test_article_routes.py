"""What contenders promise of metrics, big bodies, GraphQL and WebSockets, and no scenario can ask."""

import json
import re
import socket
import subprocess
import zlib
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness import environments
from tests.conversing import GOODBYES, RESET, cannot, close_code, connected, opened
from tests.serving import ENVIRONMENTS, KNOWN, SOON_S, at_once, served
from tests.test_apps import CONTENDERS
from tests.test_service_routes import ENDING, refused

EVERY = [
    pytest.param(one, marks=() if one in ENDING.values() else pytest.mark.deployments)
    for one in (f"{name}@{deployment}" for name in CONTENDERS for deployment in KNOWN.apps[name].deployments)
]
OCTETS = {"Content-Type": "application/octet-stream"}
MOST_BYTES = 2 * 1024 * 1024
PIECE_BYTES = 65_536
STREAM = bytes(range(256)) * 4096


@pytest.fixture(scope="module", params=EVERY)
def contender(request):
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def app(contender, folder, tmp_path_factory):
    """One server for all tests of a contender, the last of which ends it. Without services: what needs them fails."""
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with served(contender, environment, tmp_path_factory.mktemp("logs") / "log", workers=2) as server:
        yield server


def is_well(app):
    """Whether it answers many at once, more than it has threads."""

    def asked(_):
        with connected(app) as line:  # a client library would cost more than the server
            line.sendall(b"GET /json HTTP/1.1\r\nHost: shop\r\n\r\n")
            return line.recv(1000)[:12]

    return Counter(at_once(40, asked)) == {b"HTTP/1.1 200": 40}


# Metrics

SENT = [  # method, path, more, handler, status
    ("GET", "/json", {}, "read_greeting", 200),
    ("GET", "/json", {}, "read_greeting", 200),
    ("GET", "/nowhere", {}, "none", 404),
    ("GET", "/ws/echo", {}, "none", 404),
    ("POST", "/json", {}, "none", 405),
    ("PROPFIND", "/json", {}, "none", 405),
    ("GET", "/models/7", {}, "read_model", 200),
    ("GET", "/models/999", {}, "read_model", 404),
    ("GET", "/models/07", {}, "read_model", 422),
    ("GET", "/items/1", {}, "read_item", 500),
    ("POST", "/login", {"json": {"email": "a" * 70_000}}, "create_token", 413),
    ("POST", "/graphql", {"json": {"query": "{ entry(id: 1) { id } }"}}, "query_catalogue", 200),
    ("POST", "/graphql", {"content": b"{"}, "query_catalogue", 422),
    ("GET", "/openapi.json", {}, "read_openapi", 200),
    ("GET", "/docs", {}, "read_docs", 200),
    ("POST", "/upload", {"content": b"a" * 100_000, "headers": OCTETS}, "create_upload", 200),
    ("POST", "/upload", {"content": b"a"}, "create_upload", 422),
    ("POST", "/upload", {"content": bytes(MOST_BYTES + 1), "headers": OCTETS}, "create_upload", 413),
    ("GET", "/download", {}, "read_download", 200),
    ("GET", "/metrics", {}, "read_metrics", 200),
]
SAMPLE = re.compile(r"^(http_requests_total|http_request_duration_seconds_count)\{(.*)\} (\S+)$", re.MULTILINE)


def counted(app):
    """How many answers, and how many durations, have been counted: by handler, method, and for answers status."""
    answer = app.ask("GET", "/metrics")
    assert re.fullmatch(r"text/plain; version=\S+; charset=utf-8", answer.headers["Content-Type"])
    found = {"http_requests_total": Counter(), "http_request_duration_seconds_count": Counter()}
    for name, labels, count in SAMPLE.findall(answer.text):
        found[name][tuple(re.findall(r'="(.*?)"', labels))] += float(count)
    return found.values()


def labelled(method):
    return method if method in {"GET", "POST"} else "other"


def test_counts_of_all_workers_are_the_answers_that_clients_had(app, contender, folder):
    before, durations_before = counted(app)
    if not cannot(contender):
        with talking(app) as client:
            client.send("a conversation is no answer, and is not counted")
            client.recv(SOON_S)
    sent = [one for one in SENT for _ in range(3)]
    counts, durations = Counter(), Counter()
    for _ in range(20):
        answers = at_once(len(sent), lambda number: app.ask(sent[number][0], sent[number][1], **sent[number][2]))
        assert [one.status_code for one in answers] == [status for *_, status in sent]
        counts.update((handler, labelled(method), str(status)) for method, _, _, handler, status in sent)
        durations.update((handler, labelled(method)) for method, _, _, handler, _ in sent)
        if len({path.stem.rpartition("_")[2] for path in Path(folder).iterdir()}) > 1:
            break  # else all came to one worker
    else:
        pytest.fail("one worker has answered everything")
    itself = ("read_metrics", "GET")  # the first reading counts itself, for the second
    counts[(*itself, "200")] += 1
    durations[itself] += 1
    after, durations_after = counted(app)
    assert after - before == counts
    assert durations_after - durations_before == durations


@pytest.mark.parametrize(
    ("name", "modules"),
    [("fastapi", "main"), ("flask", "main"), ("django_rest", "main, core.urls"), ("django_rest", "asgi, core.urls")],
)
def test_prometheus_client_is_imported_only_where_answers_are_counted(name, modules, tmp_path):
    app = KNOWN.apps[name]
    environments.make(app, ENVIRONMENTS)
    asking = f"import sys, {modules}; print('prometheus_client' in sys.modules)"
    command = [environments.python(app, ENVIRONMENTS), "-c", asking]
    settings = ({}, *({"PROMETHEUS_MULTIPROC_DIR": folder} for folder in ("", str(tmp_path))))
    answers = [subprocess.check_output(command, cwd=app.folder, env=each, text=True) for each in settings]
    assert answers == ["False\n", "False\n", "True\n"]


# Big bodies


def pieces(body, size=10_000):
    return (body[start : start + size] for start in range(0, len(body), size))


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_a_body_is_summed_up_however_it_comes_and_is_too_large_from_one_byte_over_2_mib_on(app, announced):
    for size in (1, 100_000, MOST_BYTES, MOST_BYTES + 1, 5_000_000):
        body = (STREAM * 5)[:size]
        answer = app.ask("POST", "/upload", content=body if announced else pieces(body), headers=OCTETS)
        if size > MOST_BYTES:
            assert refused(answer, 413), size
        else:
            assert answer.json() == {"size_bytes": size, "crc32": zlib.crc32(body)}, size


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data; boundary=a", "", None])
def test_an_upload_of_another_media_type_or_of_nothing_is_invalid(app, media_type):
    headers = {} if media_type is None else {"Content-Type": media_type}
    assert refused(app.ask("POST", "/upload", content=b"a", headers=headers), 422)
    assert refused(app.ask("POST", "/upload", content=pieces(b""), headers=OCTETS), 422)


CUT_SHORT = {
    "announced": b"Content-Length: 100000\r\n\r\n" + b"a" * 40_000,
    "in pieces": b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + b"a" * 500,
}
UPLOADING = b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Type: application/octet-stream\r\n"


@pytest.mark.parametrize("sent", CUT_SHORT.values(), ids=CUT_SHORT)
def test_an_upload_that_is_cut_short_is_never_taken_for_whole(app, sent):
    with connected(app) as client:
        client.sendall(UPLOADING + sent)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100)[:13] in {b"", b"HTTP/1.1 400 ", b"HTTP/1.1 422 "}


@pytest.mark.parametrize("sent", CUT_SHORT.values(), ids=CUT_SHORT)
def test_uploads_that_are_cut_short_hold_nobody_up_and_are_no_failure_of_ours(app, sent):
    before = len(app.logged())
    for number in range(40):
        with connected(app) as client:
            client.sendall(UPLOADING + sent)
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert is_well(app)
    assert "Traceback" not in app.logged()[before:]


def test_a_download_is_a_stream_of_sixteen_pieces(app):
    with connected(app) as client:
        client.sendall(b"GET /download HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
        head, _, body = b"".join(iter(lambda: client.recv(1 << 20), b"")).partition(b"\r\n\r\n")
    assert b"content-length:" not in head.lower()
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"".join(b"10000\r\n%b\r\n" % piece for piece in pieces(STREAM, PIECE_BYTES)) + b"0\r\n\r\n"


def test_downloads_that_are_abandoned_half_way_leave_the_server_well(app):
    before = len(app.logged())
    for number in range(40):
        with connected(app) as client:
            client.sendall(b"GET /download HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert is_well(app)
    assert {one.content == STREAM for one in at_once(4, lambda _: app.ask("GET", "/download"))} == {True}
    assert "Traceback" not in app.logged()[before:]


# GraphQL

QUERY = "{ entry(id: 1) { id } }"


def graph(app, body, media_type="application/json"):
    headers = {"Content-Type": media_type} if media_type else {}
    return app.ask("POST", "/graphql", content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"a"',
        b"5",
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b"[" * 20_000,
        b'{"query": ' * 5_000,
        b"query=%7B%20entry%28id%3A%201%29%20%7B%20id%20%7D%20%7D",
        {},
        {"query": ""},
        {"query": None},
        {"query": [QUERY]},
        {"query": {"a": QUERY}},
        {"query": True},
        {"query": QUERY, "variables": "a"},
        {"query": QUERY, "variables": 1},
        {"query": QUERY, "operationName": 5},
        {"query": QUERY, "operationName": {}},
        [{"query": QUERY}, {"query": QUERY}],
    ],
    ids=range(21),
)
def test_a_body_that_holds_no_query_is_invalid(app, body):
    assert refused(graph(app, body), 422)


@pytest.mark.parametrize("media_type", ["text/plain", "application/graphql", "multipart/form-data; boundary=a", None])
def test_a_query_of_another_media_type_is_invalid(app, media_type):
    assert refused(graph(app, {"query": QUERY}, media_type), 422)


@pytest.mark.parametrize(
    "body",
    [
        {"query": "mutation { delete }"},
        {"query": "subscription { entries { id } }"},
        {"query": "fragment A on Entry { id }"},
        {"query": QUERY, "operationName": "Nobody"},
        {"query": "\0"},
        {"query": "{ __schema { types { name colour } } }"},
        {"query": "{" * 5_000},
        {"query": "{ entry(id: 99999999999999) { id } }"},
        {"query": "{ entries(first: null) { id } }"},
        {"query": "query A($a: Nothing) { entries { id } }", "variables": {"a": 1}},
        {"query": "{ ...A } fragment A on Query { ...A }"},
    ],
    ids=range(11),
)
def test_a_query_that_makes_no_sense_is_an_error_and_never_a_failure(app, body):
    before = len(app.logged())
    answer = graph(app, body)
    if answer.status_code == 200:
        assert answer.json()["data"] is None
        assert answer.json()["errors"][0]["message"]
    else:
        assert refused(answer, 422)
    assert not re.search("Traceback|WARNING|ERROR", app.logged()[before:]), "it is the client who is wrong"


def test_the_schema_may_be_asked_for_and_is_that_of_the_contract(app):
    types = graph(app, {"query": "{ __schema { types { kind name fields { name } } } }"}).json()["data"]["__schema"]
    fields = {one["name"]: [field["name"] for field in one["fields"]] for one in types["types"] if one["fields"]}
    assert {name: each for name, each in fields.items() if not name.startswith("__")} == {
        "Query": ["entry", "entries"],
        "Entry": ["id", "name", "category", "priceCents", "inStock", "rating", "tags", "size"],
        "Size": ["widthMm", "heightMm", "depthMm"],
    }


# WebSockets


@contextmanager
def talking(app, **how):
    """A connection that compresses if it may."""
    address = app.address.replace("http://", "ws://") + "/ws/echo"
    with connect(address, proxy=None, open_timeout=SOON_S, close_timeout=SOON_S, max_size=None, **how) as client:
        yield client


@pytest.fixture
def conversing(app, contender):
    why = cannot(contender)
    if why:
        pytest.skip(why)
    return app


def closed(client):
    """With which code the server closes."""
    with pytest.raises(ConnectionClosed) as caught:
        client.recv(SOON_S)
    assert caught.value.rcvd
    return caught.value.rcvd.code


def test_texts_come_back_whole_however_they_are_sent(conversing):
    with talking(conversing) as client:
        for text in ("", "a", "Grüße \N{WHITE SMILING FACE} \0", "ü" * 32_768, "a" * 65_536):
            client.send(text)
            assert client.recv(SOON_S) == text
        client.send(["in ", "three ", "frames"])
        assert client.recv(SOON_S) == "in three frames"
        assert client.ping().wait(SOON_S), "a pong came"


def test_nothing_is_negotiated(conversing, contender):
    if contender == "fastapi@article":
        pytest.skip("its command is the article's, and so uvicorn's default: it compresses, where a client offers to")
    with talking(conversing, subprotocols=["chat"]) as client:
        assert (client.subprotocol, client.protocol.extensions) == (None, [])


@pytest.mark.parametrize(
    ("message", "code"), [(b"bytes", 1003), (b"", 1003), ("a" * 65_537, 1009), ("ü" * 40_000, 1009)], ids=range(4)
)
def test_what_is_no_text_or_too_long_ends_the_conversation(conversing, message, code):
    with talking(conversing) as client:
        client.send("a")
        assert client.recv(SOON_S) == "a"
        client.send(message)
        assert closed(client) == code
    assert is_well(conversing)


def test_clients_that_vanish_leave_the_server_well(conversing):
    before = len(conversing.logged())
    for _ in range(10):
        with opened(conversing) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert is_well(conversing)
    assert "Traceback" not in conversing.logged()[before:]


# The last test here: it ends the server.
def test_a_server_that_ends_says_goodbye_to_everybody_and_waits_for_nobody_who_does_not_listen(conversing, contender):
    before, is_sync = len(conversing.logged()), contender.endswith("@sync")  # whose worker has one conversation
    with ExitStack() as stack:
        lines = [stack.enter_context(opened(conversing)) for _ in range(1 if is_sync else 6)]
        conversing.end()  # raises after SOON_S
        assert {close_code(line) for line in lines} <= GOODBYES
    assert "Traceback" not in conversing.logged()[before:]
