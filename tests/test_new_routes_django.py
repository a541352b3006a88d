"""What Django promises of the routes that came last, and the others need not: of broken bodies, Accept, and ASGI."""

import socket

import pytest

from tests.conversing import asking, connected, head
from tests.serving import KNOWN, served

APP = KNOWN.apps["django_rest"]
MEDIA_TYPES = {"/upload": "application/octet-stream", "/graphql": "application/json"}


@pytest.fixture(scope="module", params=APP.deployments)
def deployment(request):
    return request.param


@pytest.fixture(scope="module")
def app(deployment, tmp_path_factory):
    counts = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path_factory.mktemp("counts"))}
    with served(f"{APP.name}@{deployment}", counts, tmp_path_factory.mktemp("logs") / "log") as server:
        yield server


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 9\r\n\r\ncut",
        "Transfer-Encoding: chunked\r\n\r\n9\r\ncut",
        "Transfer-Encoding: chunked\r\n\r\nnine\r\ncut",
    ],
    ids=["announced", "in-pieces", "in-no-pieces"],
)
def test_a_body_that_breaks_off_or_is_none_is_invalid_and_no_failure_of_ours(app, deployment, framing):
    if deployment == "uvicorn":
        pytest.skip("it answers nobody whose body breaks off")
    for path, media_type in MEDIA_TYPES.items():
        with connected(app) as line:
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: {media_type}\r\n{framing}".encode())
            line.shutdown(socket.SHUT_WR)
            assert line.recv(65_536).startswith(b"HTTP/1.1 422 ")
    assert "Traceback" not in app.logged()


def test_pages_counts_and_bytes_are_answered_whatever_a_client_would_accept(app):
    for path in ("/docs", "/redoc", "/metrics", "/download"):
        assert app.ask("GET", path, headers={"Accept": "image/png"}).status_code == 200
    assert "Warning" not in app.logged(), "Django warns where it has to gather what should be streamed"


def test_no_other_address_has_a_websocket(app, deployment):
    if deployment != "uvicorn":
        pytest.skip("WSGI has none at all")
    for path in ("/ws/echo/", "/json"):
        with asking(app, path) as line:
            assert head(line).startswith(b"http/1.1 403 ")
    assert "Traceback" not in app.logged()
