"""What Flask promises of the newest routes, and the others need not: over the sockets of WSGI, and of broken bodies."""

import select
import socket
from contextlib import ExitStack

import pytest

from tests.conversing import (
    GOING_AWAY,
    NORMAL,
    RESET,
    TEXT,
    TOO_LARGE,
    asking,
    close_code,
    connected,
    frame,
    goodbye,
    head,
    opened,
)
from tests.serving import KNOWN, served

APP = KNOWN.apps["flask"]
THREADS = APP.deployments["gthread"].threads
UNHEARD_S = 0.5
BROKEN_BODIES = {
    "breaks off": "Content-Length: 99\r\n\r\n{}",
    "breaks off in a piece": "Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
    "has no last piece": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "comes in no pieces": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}
MEDIA_TYPES = {"/upload": "application/octet-stream", "/graphql": "application/json", "/login": "application/json"}


@pytest.fixture(scope="module", params=APP.deployments)
def deployment(request):
    return request.param


@pytest.fixture(scope="module")
def app(deployment, tmp_path_factory):
    with served(f"{APP.name}@{deployment}", {}, tmp_path_factory.mktemp("logs") / "log") as server:
        yield server


def is_unheard(line):
    return select.select([line], [], [], UNHEARD_S) == ([], [], [])


# Over a WebSocket


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
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert app.ask("GET", "/json").status_code == 200
    assert "Traceback" not in app.logged()


def test_a_conversation_has_a_thread_and_the_next_one_waits_until_it_ends(app, deployment):
    if deployment != "gthread":
        pytest.skip("threads are what it has")
    with ExitStack() as lines:
        first, *_ = [lines.enter_context(opened(app)) for _ in range(THREADS)]
        with asking(app) as waiting:
            assert is_unheard(waiting)
            first.sendall(goodbye(NORMAL))
            assert close_code(first) == NORMAL
            assert head(waiting).startswith(b"http/1.1 101 ")


# Bodies


@pytest.mark.parametrize("broken", BROKEN_BODIES)
@pytest.mark.parametrize("path", MEDIA_TYPES)
def test_a_body_that_breaks_off_is_invalid_input(app, path, broken):
    with connected(app) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nContent-Type: {MEDIA_TYPES[path]}\r\n{BROKEN_BODIES[broken]}".encode())
        line.shutdown(socket.SHUT_WR)
        assert head(line).startswith(b"http/1.1 422 ")
    assert "Traceback" not in app.logged()


# At the end


# The last test here: it ends the server.
def test_a_server_that_ends_tells_everybody_and_waits_for_nobody_who_does_not_listen(app, deployment):
    with ExitStack() as lines:
        silent = [lines.enter_context(opened(app)) for _ in range(1 if deployment == "sync" else THREADS)]
        app.end()  # raises after SOON_S; gunicorn would wait 30 s for them
        assert {close_code(line) for line in silent} == {GOING_AWAY}
