"""What Django promises of the routes that came last and no scenario can ask: over workers, cut short, at the end."""

import re
import socket
import struct
import subprocess
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from harness import environments
from tests.serving import ENVIRONMENTS, KNOWN, SMALL_POOLS, SOON_S, at_once, listening, served, services
from tests.test_service_routes import PATIENCE_S, SECRET, SilentSink, refused

APP = KNOWN.apps["django_rest"]
UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
BYTES = {"Content-Type": "application/octet-stream"}
RESTARTING = 1012
COUNT = re.compile(r'http_requests_total\{handler="(\w+)",method="(\w+)",status="(\w+)"\} (\S+)')


@pytest.fixture(scope="module", params=APP.deployments)
def contender(request):
    return f"{APP.name}@{request.param}"


def connected(server):
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SOON_S)


def upgraded(server, path="/ws/echo"):
    """A connection that asked to be a WebSocket, and the head of the answer."""
    line, head = connected(server), b""
    line.sendall(UPGRADE.format(path).encode())
    while not head.endswith(b"\r\n\r\n"):
        head += line.recv(1)
    return line, head.lower()


def close_code(line):
    opcode, size = line.recv(2, socket.MSG_WAITALL)
    assert (opcode, size) == (0x88, 2)
    return struct.unpack("!H", line.recv(size, socket.MSG_WAITALL))[0]


def counted(server):
    found = COUNT.findall(server.ask("GET", "/metrics").text)
    return Counter({(handler, method, status): int(float(count)) for handler, method, status, count in found})


def test_every_answer_is_counted_once_whichever_worker_gave_it(contender, tmp_path):
    asked = [
        ("GET", "/models/7"),
        ("GET", "/models/777"),
        ("GET", "/nowhere"),
        ("POST", "/json"),
        ("PROPFIND", "/json"),
    ]
    asked += [("GET", "/items/1"), ("GET", "/download")]  # without a database: a crash
    with served(contender, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, tmp_path / "log", workers=2) as server:
        before = counted(server)
        at_once(50, lambda _: server.ask("GET", "/json"))
        for method, path in asked * 5:
            server.ask(method, path)
        assert counted(server) - before == {
            ("read_greeting", "GET", "200"): 50,
            ("read_model", "GET", "200"): 5,
            ("read_model", "GET", "404"): 5,
            ("none", "GET", "404"): 5,
            ("none", "POST", "405"): 5,
            ("none", "other", "405"): 5,
            ("read_item", "GET", "500"): 5,
            ("read_download", "GET", "200"): 5,
            ("read_metrics", "GET", "200"): 1,  # the one before; this one's answer counts from the next one on
        }


@pytest.mark.parametrize("module", ["main", "asgi"])
def test_prometheus_client_is_imported_only_where_answers_are_counted(module, tmp_path):
    environments.make(APP, ENVIRONMENTS)
    asking = f"import sys, {module}, core.urls; print('prometheus_client' in sys.modules)"
    answers = [
        subprocess.check_output(
            [environments.python(APP, ENVIRONMENTS), "-c", asking], cwd=APP.folder, env=words, text=True
        )
        for words in ({}, {"PROMETHEUS_MULTIPROC_DIR": ""}, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
    ]
    assert answers == ["False\n", "False\n", "True\n"]


@pytest.mark.parametrize("deployment", ["gthread", "sync"])  # uvicorn answers nobody whose body breaks off
@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 9\r\n\r\ncut",
        "Transfer-Encoding: chunked\r\n\r\n9\r\ncut",
        "Transfer-Encoding: chunked\r\n\r\nnine\r\ncut",
    ],
    ids=["announced", "in-pieces", "in-no-pieces"],
)
def test_a_body_that_breaks_off_or_is_none_is_invalid_and_no_failure_of_ours(deployment, framing, tmp_path):
    with served(f"{APP.name}@{deployment}", {}, tmp_path / "log") as server:
        for path, media_type in (("/upload", BYTES["Content-Type"]), ("/graphql", "application/json")):
            with connected(server) as line:
                line.sendall(f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: {media_type}\r\n{framing}".encode())
                line.shutdown(socket.SHUT_WR)
                assert line.recv(65_536).startswith(b"HTTP/1.1 422 ")
    assert "Traceback" not in server.logged()


def test_what_is_too_large_is_read_away_so_that_its_client_hears_of_it(contender, tmp_path):
    large = bytes(4_000_000)
    with served(contender, {}, tmp_path / "log") as server:
        for content in (large, iter([large])):
            assert refused(server.ask("POST", "/upload", content=content, headers=BYTES), 413)


def test_pages_counts_and_bytes_are_answered_whatever_a_client_would_accept(contender, tmp_path):
    with served(contender, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, tmp_path / "log") as server:
        for path in ("/docs", "/redoc", "/metrics", "/download"):
            assert server.ask("GET", path, headers={"Accept": "image/png"}).status_code == 200
    assert "Warning" not in server.logged(), "Django warns where it has to gather what should be streamed"


def test_a_websocket_is_not_compressed_and_any_other_address_has_none(tmp_path):
    with served(f"{APP.name}@uvicorn", {}, tmp_path / "log") as server, ExitStack() as lines:
        heads = []
        for path in ("/ws/echo", "/ws/echo/", "/json"):
            line, head = upgraded(server, path)
            lines.enter_context(line)
            heads.append(head)
        assert [head.split()[1] for head in heads] == [b"101", b"403", b"403"]
        assert b"sec-websocket-extensions" not in heads[0]
    assert "Traceback" not in server.logged()


def test_a_server_with_websockets_open_tells_them_and_sends_every_mail_before_it_ends(tmp_path):
    SilentSink.may_speak.clear()
    addresses = [f"websockets-open-{number}@example.com" for number in range(10)]
    with services(tmp_path, (APP.name,)) as (_, words), listening(SilentSink) as sink, ExitStack() as lines:
        environment = words[APP.name] | SMALL_POOLS | {"MAIL_URL": f"smtp://127.0.0.1:{sink.server_address[1]}"}
        with served(f"{APP.name}@uvicorn", environment, tmp_path / "log", workers=2) as server:
            opened = [lines.enter_context(upgraded(server)[0]) for _ in range(20)]
            bodies = [{"email": address, "password": SECRET} for address in addresses]
            at_once(10, lambda number: server.ask("POST", "/users", json=bodies[number]))
            threading.Timer(PATIENCE_S, SilentSink.may_speak.set).start()
            server.end()
        assert {close_code(line) for line in opened} == {RESTARTING}
    assert sorted({*addresses} & {*SilentSink.recipients}) == addresses, server.logged()
