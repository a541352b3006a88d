"""AWS on loopback: moto's server, and before it a door that can answer for itself. Nothing leaves the machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import pytest

REGION = "us-east-1"
SEEN_AS = "203.0.113.7"
DEBIAN: dict[str, str | bool | None] = {
    "owner_id": "136693071363",
    "root_device_name": "/dev/xvda",
    "root_device_type": "ebs",
    "architecture": "x86_64",
}
DEBIAN |= {
    "state": "available",
    "public": True,
    "image_type": "machine",
    "image_location": "amazon/x",
    "description": "x",
}
DEBIAN |= {"virtualization_type": "hvm", "hypervisor": "xen", "platform": None, "sriov": "simple"}
IMAGES = {
    "ami-0000000000000older": ("debian-12-amd64-20250101-1", "2025-01-01T00:00:00.000Z"),
    "ami-0000000000000newer": ("debian-12-amd64-20260101-1", "2026-01-01T00:00:00.000Z"),
    "ami-000000000000ubuntu": ("ubuntu-24.04-amd64-20260601", "2026-06-01T00:00:00.000Z"),
}
# moto gives machines of a stack no public address, even where the subnet says that they get one.
MOTO = """
from moto.ec2.models.instances import Instance
from moto.server import main
made = Instance.__init__
Instance.__init__ = lambda self, *args, **kwargs: made(self, *args, **{"associate_public_ip": None, **kwargs})
main()
"""


def lend(patch: pytest.MonkeyPatch, url: str, nowhere: Path) -> None:
    """Make boto3 speak to `url` only, as nobody, whatever its user has configured, and through no proxy."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        patch.delenv(name)
    for name, value in _environment(url, nowhere).items():
        patch.setenv(name, value)


def _environment(url: str, nowhere: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(nowhere / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(nowhere / "credentials"),
        "REMATCH_ADDRESS_URL": f"{url}/nobody-tells",
    }


@contextmanager
def moto(folder: Path) -> Iterator[str]:
    """A moto server that knows three images, at its address."""
    images = [DEBIAN | {"ami_id": one, "name": name, "creation_date": at} for one, (name, at) in IMAGES.items()]
    (folder / "images.json").write_text(json.dumps(images))
    port = free_port()
    command = [sys.executable, "-c", MOTO, "-H", "127.0.0.1", "-p", str(port)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "moto.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=clean | {"MOTO_AMIS_PATH": str(folder / "images.json")}, stdout=log, stderr=log
        )
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


class Door(ThreadingHTTPServer):
    """Stands before a moto server. An action in `answers` gets (status, body) from here; all others go through.

    An action in `once` does so only the first time. `actions` are those that were asked for, in order; what is in
    `meanwhile` is done while the caller waits for its answer.
    """

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Doorkeeper)
        self.behind = behind
        self.answers: dict[str, tuple[int, str]] = {}
        self.once: dict[str, tuple[int, str]] = {}
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.actions: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def door(behind: str) -> Iterator[Door]:
    server = Door(behind)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def reset(url: str) -> None:
    urlopen(Request(f"{url}/moto-api/reset", method="POST"), timeout=10).close()


def refusal(code: str, message: str, status: int = 400) -> tuple[int, str]:
    """As AWS's Query services say no."""
    said = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f"<ErrorResponse>{said}<RequestId>1</RequestId></ErrorResponse>"


def refusal_of_ec2(code: str, message: str, status: int = 400) -> tuple[int, str]:
    """As EC2 says no."""
    return (
        status,
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Doorkeeper(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = parse_qs(body.decode())["Action"][0]
        self.server.actions.append(action)
        self.server.meanwhile.get(action, lambda: None)()
        status, answer = self._own(action) or self._behind(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def do_GET(self) -> None:
        """Who asks by which address it is seen is told one of those that belong to nobody."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(SEEN_AS)))
        self.end_headers()
        self.wfile.write(SEEN_AS.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _own(self, action: str) -> tuple[int, str] | None:
        return self.server.once.pop(action, None) or self.server.answers.get(action)

    def _behind(self, body: bytes) -> tuple[int, str]:
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type", "X-Amz-Date")}
        try:
            with urlopen(Request(self.server.behind, body, headers), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("moto's server did not start")
