"""A schema-driven fuzzer finds no failure and no undeclared answer in any contender, with real services beside it."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from harness import dataset
from tests.serving import SMALL_POOLS, listening, served, services
from tests.test_apps import CONTENDERS

CONFIG = Path(__file__).with_name("fuzzing.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
BRIEF = ("--seed", "6", "--max-examples", "2", "--phases", "coverage,fuzzing")
LONG = ("--max-examples", "300", "--phases", "coverage,fuzzing,stateful")  # another seed each time; it is printed
TOKEN = dataset.row("user", 6, "fuzzing")["token"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with services(tmp_path_factory.mktemp("services"), CONTENDERS) as (_, words):
        yield words


@pytest.fixture
def app(request, kept, tmp_path):
    """A contender with all that it may be told, small pools and counting."""
    counts = tmp_path / "counts"
    counts.mkdir()
    environment = {**kept[request.param], **SMALL_POOLS, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    with served(request.param, environment, tmp_path / "log", workers=2) as server:
        yield server


def findings(address, folder, *options):
    """What the fuzzer says of the service at an address, if it finds fault with it."""
    command = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{address}/openapi.json", "--no-color", *options]
    bearer = ("--header", f"Authorization: Bearer {TOKEN}")
    done = subprocess.run([*command, *bearer], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def nothing_in(said):
    """Whether there are no findings. If there are, they are shown whole."""
    if said:
        pytest.fail(said, pytrace=False)
    return True


@pytest.mark.parametrize("app", CONTENDERS, indirect=True)
def test_a_fuzzer_finds_no_failure_and_no_undeclared_answer(app, tmp_path):
    assert nothing_in(findings(app.address, tmp_path, *BRIEF))


@pytest.mark.fuzz
@pytest.mark.parametrize("app", CONTENDERS, indirect=True)
def test_a_fuzzer_that_tries_long_finds_none_either(app, tmp_path):
    assert nothing_in(findings(app.address, tmp_path, *LONG))


class Undeclared(BaseHTTPRequestHandler):
    """A service whose document declares 200, and which answers 418 to the second of two routes."""

    def do_GET(self):
        answer = {"200": {"description": "", "content": {"application/json": {}}}}
        paths = {path: {"get": {"responses": answer}} for path in ("/kept", "/broken")}
        body = json.dumps({"openapi": "3.1.0", "info": {"title": "", "version": "1"}, "paths": paths}).encode()
        self.send_response(418 if self.path == "/broken" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_fuzzer_tells_of_an_undeclared_answer(tmp_path):
    with listening(Undeclared) as server:
        said = findings(f"http://127.0.0.1:{server.server_address[1]}", tmp_path, *BRIEF)
    assert "GET /broken" in said
    assert "Undocumented status code" in said
    assert "GET /kept" not in said
