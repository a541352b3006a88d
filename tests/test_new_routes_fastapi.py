"""What FastAPI promises of the routes that came last and no scenario can ask: at the end, over workers, cut short."""

import re
import socket
import struct
import subprocess
import zlib
from collections import Counter
from contextlib import ExitStack

import pytest

from harness import environments
from tests.serving import ENVIRONMENTS, KNOWN, SOON_S, at_once, served

APP = KNOWN.apps["fastapi"]
SERVERS = ("uvicorn", "gunicorn-asgi", "gunicorn-uvicorn")
UPGRADE = (
    b"GET /ws/echo HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n"
)
OFFER = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
GOING_AWAY, RESTARTING = 1001, 1012
COUNT = re.compile(r'http_requests_total\{handler="(\w+)",method="(\w+)",status="(\w+)"\} (\S+)')


def connected(server):
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SOON_S)


def opened(server, offer=b""):
    """An open WebSocket, and the head of the answer that opened it."""
    line = connected(server)
    line.sendall(UPGRADE % offer)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += line.recv(1)
    return line, head


def close_code(line):
    opcode, size = line.recv(2, socket.MSG_WAITALL)
    assert (opcode, size) >= (0x88, 2), "a close frame with a code"
    return struct.unpack("!H", line.recv(size, socket.MSG_WAITALL)[:2])[0]


def counted(server):
    found = COUNT.findall(server.ask("GET", "/metrics").text)
    return Counter({(handler, method, status): int(float(count)) for handler, method, status, count in found})


@pytest.mark.parametrize("deployment", SERVERS)
def test_a_server_that_ends_says_so_to_everybody_who_is_connected(deployment, tmp_path):
    with served(f"fastapi@{deployment}", {}, tmp_path / "log") as server, ExitStack() as lines:
        opened_ones = [lines.enter_context(opened(server)[0]) for _ in range(6)]
        server.end()
        assert {close_code(line) for line in opened_ones} <= {GOING_AWAY, RESTARTING}


@pytest.mark.parametrize("deployment", SERVERS)
def test_a_websocket_is_not_compressed_even_for_clients_that_can(deployment, tmp_path):
    with served(f"fastapi@{deployment}", {}, tmp_path / "log") as server:
        line, head = opened(server, OFFER)
        with line:
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"sec-websocket-extensions" not in head.lower()


@pytest.mark.parametrize("deployment", SERVERS)
def test_every_answer_is_counted_once_whichever_worker_gave_it(deployment, tmp_path):
    (tmp_path / "counts").mkdir()
    words = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")}
    with served(f"fastapi@{deployment}", words, tmp_path / "log", workers=2) as server:
        before = counted(server)
        at_once(50, lambda _: server.ask("GET", "/json"))
        asked = [
            ("GET", "/models/7"),
            ("GET", "/models/777"),
            ("GET", "/nowhere"),
            ("POST", "/json"),
            ("PROPFIND", "/json"),
        ]
        for method, path in [*asked, ("GET", "/items/1"), ("GET", "/download")] * 5:  # without a database: a crash
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


def test_prometheus_client_is_imported_only_where_answers_are_counted(tmp_path):
    environments.make(APP, ENVIRONMENTS)
    python = environments.python(APP, ENVIRONMENTS)
    asking = [python, "-c", "import sys, main; print('prometheus_client' in sys.modules)"]
    answers = [
        subprocess.run(asking, cwd=APP.folder, env=words, capture_output=True, text=True, check=True).stdout
        for words in ({}, {"PROMETHEUS_MULTIPROC_DIR": ""}, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
    ]
    assert answers == ["False\n", "False\n", "True\n"]


@pytest.mark.parametrize("deployment", SERVERS)
def test_an_upload_whose_client_leaves_is_no_failure_of_ours(deployment, tmp_path):
    head = b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Type: application/octet-stream\r\nContent-Length: 9\r\n\r\n"
    with served(f"fastapi@{deployment}", {}, tmp_path / "log") as server:
        with connected(server) as line:
            line.sendall(head + b"cut")
        answer = server.ask("POST", "/upload", content=b"whole", headers={"Content-Type": "application/octet-stream"})
        assert answer.json() == {"size_bytes": 5, "crc32": zlib.crc32(b"whole")}
    assert "Traceback" not in server.logged()
