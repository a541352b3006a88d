"""What Flask promises of the newest routes and no scenario can ask: over the sockets of WSGI, at the end, cut short."""

import re
import select
import socket
import struct
import subprocess
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from harness import environments
from tests.serving import ENVIRONMENTS, KNOWN, SMALL_POOLS, SOON_S, at_once, listening, served, services
from tests.test_service_routes import SilentSink, refused

APP = KNOWN.apps["flask"]
SERVERS = ("gthread", "gevent", "sync")
THREADS = APP.deployments["gthread"].threads
UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
TEXT, CLOSE = 0x81, 0x88
NORMAL, GOING_AWAY, TOO_LARGE = 1000, 1001, 1009
UNHEARD_S = 0.5
COUNT = re.compile(r'http_requests_total\{handler="(\w+)",method="(\w+)",status="(\w+)"\} (\S+)')
BROKEN_BODIES = {
    "breaks off": "Content-Length: 99\r\n\r\n{}",
    "breaks off in a piece": "Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
    "has no last piece": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "comes in no pieces": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}
MEDIA_TYPES = {"/upload": "application/octet-stream", "/graphql": "application/json", "/login": "application/json"}


@pytest.fixture(scope="module", params=SERVERS)
def app(request, tmp_path_factory):
    with served(f"flask@{request.param}", {}, tmp_path_factory.mktemp("logs") / "log") as server:
        yield server


def connected(server):
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SOON_S)


def head(line):
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        read += line.recv(1)
    return read.lower()


def asking(server, path="/ws/echo", version=13):
    """A connection over which a WebSocket was asked for."""
    line = connected(server)
    line.sendall(UPGRADE.format(path=path, version=version).encode())
    return line


@contextmanager
def opened(server):
    with asking(server) as line:
        assert head(line).startswith(b"http/1.1 101 ")
        yield line


def frame(kind, content):
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size)
    return bytes([kind]) + length + bytes(4) + content  # masked with nothing


def close_code(line):
    opcode, size = line.recv(2, socket.MSG_WAITALL)
    assert opcode == CLOSE
    return struct.unpack("!H", line.recv(size, socket.MSG_WAITALL)[:2])[0]


def is_unheard(line):
    return select.select([line], [], [], UNHEARD_S) == ([], [], [])


def counted(server):
    found = COUNT.findall(server.ask("GET", "/metrics").text)
    return Counter({(handler, method, status): int(float(count)) for handler, method, status, count in found})


# Over a WebSocket


def test_a_websocket_is_not_compressed_even_for_clients_that_can(app):
    with asking(app) as line:
        opening = head(line)
        assert opening.startswith(b"http/1.1 101 ")
        assert b"sec-websocket-extensions" not in opening


def test_an_upgrade_that_nobody_understands_is_refused_and_is_no_failure_of_ours(app):
    with asking(app, version=12) as line:
        assert head(line).startswith(b"http/1.1 400 ")
    with asking(app, "/json") as line:
        assert head(line).startswith(b"http/1.1 404 ")
    assert "Traceback" not in app.logged()


def test_whoever_says_far_too_much_still_hears_why_it_ended(app):
    with opened(app) as line:
        line.sendall(frame(TEXT, b"x" * 16_000_000))
        assert close_code(line) == TOO_LARGE


def test_clients_that_leave_without_a_word_leave_nothing_behind(app):
    for _ in range(THREADS + 8):
        with opened(app) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, and no goodbye
    assert app.ask("GET", "/json").status_code == 200
    assert "Traceback" not in app.logged()


def test_a_conversation_has_a_thread_and_the_next_one_waits_until_it_ends(tmp_path):
    with served("flask@gthread", {}, tmp_path / "log") as server, ExitStack() as lines:
        first, *_ = [lines.enter_context(opened(server)) for _ in range(THREADS)]
        with asking(server) as waiting:
            assert is_unheard(waiting)
            first.sendall(frame(CLOSE, struct.pack("!H", NORMAL)))
            assert close_code(first) == NORMAL
            assert head(waiting).startswith(b"http/1.1 101 ")


# At the end


@pytest.mark.parametrize(("deployment", "count"), [("gthread", THREADS), ("gevent", THREADS), ("sync", 1)])
def test_a_server_that_ends_tells_everybody_and_waits_for_nobody_who_does_not_listen(deployment, count, tmp_path):
    with served(f"flask@{deployment}", {}, tmp_path / "log") as server, ExitStack() as lines:
        silent = [lines.enter_context(opened(server)) for _ in range(count)]
        server.end()  # raises after SOON_S; gunicorn would wait 30 s for them
        assert {close_code(line) for line in silent} == {GOING_AWAY}


def test_mails_are_sent_while_a_server_that_ends_says_goodbye(tmp_path):
    SilentSink.may_speak.clear()
    with services(tmp_path, ("flask",)) as (_, words), listening(SilentSink) as sink:
        mail = {"MAIL_URL": f"smtp://127.0.0.1:{sink.server_address[1]}"}
        with served("flask@gthread", words["flask"] | SMALL_POOLS | mail, tmp_path / "log") as server:
            body = {"email": "says-goodbye@example.com", "password": "long enough"}
            with opened(server) as line:
                assert server.ask("POST", "/users", json=body).status_code == 202
                threading.Timer(UNHEARD_S, SilentSink.may_speak.set).start()
                server.end()
                assert close_code(line) == GOING_AWAY
    assert SilentSink.recipients.count(body["email"]) == 1


# Bodies


@pytest.mark.parametrize("broken", BROKEN_BODIES)
@pytest.mark.parametrize("path", MEDIA_TYPES)
def test_a_body_that_breaks_off_is_invalid_input(app, path, broken):
    with connected(app) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nContent-Type: {MEDIA_TYPES[path]}\r\n{BROKEN_BODIES[broken]}".encode())
        line.shutdown(socket.SHUT_WR)
        assert head(line).startswith(b"http/1.1 422 ")
    assert "Traceback" not in app.logged()


def test_a_query_that_is_no_text_is_invalid_input(app):
    answer = app.ask("POST", "/graphql", content=b'{"query": "\xff"}', headers={"Content-Type": "application/json"})
    assert refused(answer, 422)


# What is counted


@pytest.mark.parametrize("deployment", SERVERS)
def test_every_answer_is_counted_once_whichever_worker_gave_it(deployment, tmp_path):
    (tmp_path / "counts").mkdir()
    words = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")}
    with served(f"flask@{deployment}", words, tmp_path / "log", workers=2) as server:
        before = counted(server)
        at_once(50, lambda _: server.ask("GET", "/json"))
        asked = ["/models/777", "/nowhere", "/items/1", "/download", "/ws/echo"]  # no database: an item is a crash
        for path in asked * 5:
            server.ask("GET", path)
        server.ask("PROPFIND", "/json")
        with opened(server) as line:
            line.sendall(frame(CLOSE, struct.pack("!H", NORMAL)))
            assert close_code(line) == NORMAL
        assert counted(server) - before == {
            ("read_greeting", "GET", "200"): 50,
            ("read_model", "GET", "404"): 5,
            ("none", "GET", "404"): 10,
            ("read_item", "GET", "500"): 5,
            ("read_download", "GET", "200"): 5,
            ("none", "other", "405"): 1,
            ("read_metrics", "GET", "200"): 1,  # the one before; this one's answer counts from the next one on
        }


def test_prometheus_client_is_imported_only_where_answers_are_counted(tmp_path):
    environments.make(APP, ENVIRONMENTS)
    python = environments.python(APP, ENVIRONMENTS)
    program = [python, "-c", "import sys, main; print('prometheus_client' in sys.modules)"]
    answers = [
        subprocess.run(program, cwd=APP.folder, env=words, capture_output=True, text=True, check=True).stdout
        for words in ({}, {"PROMETHEUS_MULTIPROC_DIR": ""}, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
    ]
    assert answers == ["False\n", "False\n", "True\n"]
