"""What contenders promise and no scenario can ask: at once, at the limits, at the end, and in the log."""

import json
import socketserver
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import jwt
import pytest

from harness import dataset
from tests.conversing import GOODBYES, close_code, opened
from tests.serving import KNOWN, SMALL_POOLS, SOON_S, at_once, listening, served, services, statuses
from tests.test_apps import CONTENDERS, constant

ERRORS = constant(KNOWN.apps["fastapi"].folder / "core" / "errors.py", "ERRORS")

# One deployment of each server and worker class.
ENDING = {
    (name, deployment.traits.server, deployment.traits.worker_class): f"{name}@{deployment_name}"
    for name in CONTENDERS
    for deployment_name, deployment in reversed([*KNOWN.apps[name].deployments.items()])
}
LIKE_ANOTHER = [
    one
    for one in (f"{name}@{deployment}" for name in CONTENDERS for deployment in KNOWN.apps[name].deployments)
    if one not in ENDING.values()
]
RATE = '{"rate": 1.25}'
LIMIT_BYTES = 65_536
PATIENCE_S = 3  # gunicorn's `asgi` worker looks up within 2 s and ends what it takes for idle
SECRET = "a secret that no log may hold"
USER = {"email": "user7@example.com", "password": dataset.PASSWORD}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with services(tmp_path_factory.mktemp("services"), CONTENDERS) as (keeper, words):
        yield keeper, words


@pytest.fixture(scope="module", params=CONTENDERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def environment(name, kept, upstream):
    return {**kept[1][name], **SMALL_POOLS, "UPSTREAM_URL": upstream, "CACHE_TTL_S": "2", "LOG_LEVEL": "INFO"}


@pytest.fixture(scope="module")
def app(name, environment, tmp_path_factory):
    with served(name, environment, tmp_path_factory.mktemp("logs") / f"{name}.log", workers=2) as server:
        yield server


def refused(answer, status):
    """Whether an answer is the error of that status, to the letter."""
    code, message = ERRORS[status]
    assert (answer.status_code, answer.json()) == (status, {"error": {"code": code, "message": message}}), answer.text
    assert answer.headers["content-type"] == "application/json"
    return True


def token(key=dataset.SECRET_KEY, algorithm="HS256", **claims):
    now = datetime.now(UTC)
    said = {"sub": "7", "iat": now, "exp": now + timedelta(minutes=5)} | claims
    return jwt.encode({name: value for name, value in said.items() if value is not None}, key, algorithm)


def me(app, bearer):
    return app.ask("GET", "/me", headers={"Authorization": f"Bearer {bearer}"})


def test_nothing_is_counted_where_no_folder_says_so(app):
    assert refused(app.ask("GET", "/metrics"), 404)
    assert app.ask("GET", "/openapi.json").json()["paths"]["/metrics"]


# At once


def test_of_sign_ups_at_once_with_one_address_one_is_taken_and_gets_one_mail(app, name, kept):
    def mails():
        return kept[0].ask("GET", "/counts").json()["mails"][name]

    before = mails()
    body = {"email": "all-at-once@example.com", "password": SECRET}
    answers = at_once(10, lambda _: app.ask("POST", "/users", json=body))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 9}
    assert all(refused(answer, 409) for answer in answers if answer.status_code == 409)
    deadline = time.monotonic() + 5
    while mails() == before and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)  # for mails that should not come
    assert mails() == before + 1


def test_an_address_is_the_same_in_upper_case(app):
    body = {"email": "Upper.Case@Example.COM", "password": SECRET}
    assert app.ask("POST", "/users", json=body).status_code == 202
    lower = body | {"email": body["email"].lower()}
    assert refused(app.ask("POST", "/users", json=lower), 409)
    assert app.ask("POST", "/login", json=lower).status_code == 200
    assert app.ask("POST", "/login", json=body).status_code == 200


def test_of_100_requests_at_once_to_two_servers_with_workers_five_are_let_through(app, name, environment, tmp_path):
    with served(name, environment, tmp_path / "log") as other:
        servers, headers = (app, other), {"X-Api-Key": "at-once"}
        answers = at_once(100, lambda number: servers[number % 2].ask("GET", "/expensive", headers=headers))
    assert Counter(answer.status_code for answer in answers) == {200: 5, 429: 95}
    turned_away = [answer for answer in answers if answer.status_code == 429]
    assert all(refused(answer, 429) for answer in turned_away)
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in turned_away)


def test_more_connections_than_client_libraries_pool_are_all_answered(app):
    request = "GET /expensive HTTP/1.1\r\nHost: shop\r\nX-Api-Key: many-connections\r\n\r\n"
    assert Counter(statuses(app, request, 400)) == {200: 5, 429: 395}


# At the limits


@pytest.mark.parametrize(("spaces", "status"), [(0, 200), (LIMIT_BYTES, 200), (LIMIT_BYTES + 1, 413), (3_000_000, 413)])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_a_body_is_too_large_from_one_byte_over_64_kib_on(app, spaces, status, announced):
    body = json.dumps(USER).encode().ljust(spaces)
    pieces = (body[start : start + 10_000] for start in range(0, len(body), 10_000))
    answer = app.ask(
        "POST", "/login", content=body if announced else pieces, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert status == 200 or refused(answer, 413)


@pytest.mark.parametrize("path", ["/users", "/login", "/graphql"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_body_is_too_large_whatever_it_says_that_it_is(app, path, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    assert refused(app.ask("POST", path, content=bytes(LIMIT_BYTES + 1), headers=headers), 413)


@pytest.mark.parametrize("path", ["/users", "/login"])
@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b'{"email": "a@example.com", "password": "\xff\xff\xff\xff\xff\xff\xff\xff"}',
        b'{"email": "a@example.com", "password": "\\ud800\\ud800\\ud800\\ud800"}',
        b'{"email": "a@example.com", "password": NaN}',
        b'{"email": "a@example.com", "password": null}',
        b'{"email": "a@example.com", "password": {"$ne": ""}}',
        b'{"email": "a@example.com", "password": true}',
        b'{"email": "A <a@example.com>", "password": "long enough"}',
        b'{"email": " a@example.com", "password": "long enough"}',
        b'{"email": "a@example.com\\n", "password": "long enough"}',
        b'{"email": "a\\u0000@example.com", "password": "long enough"}',
        b"[" * 20_000,
        b"null",
        b"",
    ],
    ids=range(14),
)
def test_a_body_that_makes_no_sense_is_invalid(app, path, body):
    assert refused(app.ask("POST", path, content=body, headers={"Content-Type": "application/json"}), 422)


@pytest.mark.parametrize("path", ["/users", "/login"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_body_of_another_media_type_is_invalid(app, path, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    assert refused(app.ask("POST", path, content=json.dumps(USER), headers=headers), 422)


def test_a_password_may_hold_any_letters(app):
    body = {"email": "any.letters@example.com", "password": 'ü"\\\0\U0001f512 x'}
    assert app.ask("POST", "/users", json=body).status_code == 202
    assert app.ask("POST", "/login", json=body).status_code == 200
    assert refused(app.ask("POST", "/login", json=body | {"password": body["password"][:-1] + "y"}), 401)


@pytest.mark.parametrize(
    "path",
    [
        "/items/1'",
        "/items/1;DELETE%20FROM%20items",
        "/items/1%20UNION%20SELECT%201",
        "/items/%00",
        "/items?category=books'%20OR%20'1'='1",
        "/items?page=1;DELETE%20FROM%20items",
        "/items?page=1%00",
    ],
)
def test_sql_in_an_address_is_invalid_and_deletes_nothing(app, path):
    assert refused(app.ask("GET", path), 422)
    assert app.ask("GET", "/items").json()["total"] == dataset.ITEMS


# Tokens


def test_a_token_of_the_right_key_names_its_user(app):
    assert me(app, token()).json() == {"id": 7, "email": USER["email"], "last_login": "2025-01-01T00:07:00Z"}


def test_a_login_gives_such_a_token_for_half_an_hour(app):
    answer = app.ask("POST", "/login", json=USER).json()
    claims = jwt.decode(answer["access_token"], dataset.SECRET_KEY, ["HS256"])
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("7", 30 * 60)
    assert me(app, answer["access_token"]).json()["id"] == 7


@pytest.mark.parametrize(
    "bearer",
    [
        token(exp=datetime(2026, 1, 1, tzinfo=UTC)),
        token(key="somebody else's key, of 32 bytes and more"),
        token(key=None, algorithm="none"),
        token(algorithm="HS512", key=dataset.SECRET_KEY * 2),
        token(exp=None),
        token(sub=None),
        token(sub="0"),
        token(sub="7 OR 1=1"),
        token(sub="9" * 30),
        token(sub="\N{ARABIC-INDIC DIGIT SEVEN}"),
        token(sub=""),
        token()[:-1],
        token().rpartition(".")[0] + ".",
        "..",
        "a.b.c",
        "e30.e30.e30",
        "x" * 4000,
    ],
    ids=range(17),
)
def test_any_other_token_is_refused_in_the_same_words(app, bearer):
    answer = me(app, bearer)
    assert refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# Cache


def test_figures_are_cached_until_they_expire(app):
    first = app.ask("GET", "/top")
    time.sleep(2.1)
    answers = [app.ask("GET", "/top") for _ in range(3)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert [answer.json() for answer in answers] == [first.json()] * 3


# Other services that fail


class Upstream(socketserver.StreamRequestHandler):
    """Another service, which says what it is told to say."""

    says: ClassVar[str] = ""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        status, body = (500, RATE) if self.says == "failing" else (200, self.says)
        if self.says == "slow":
            time.sleep(6)
        if self.says != "hanging up":
            head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            self.wfile.write(f"{head}Connection: close\r\n\r\n{body}".encode())


@pytest.fixture(scope="module")
def upstream():
    with listening(Upstream) as listener:
        yield f"http://127.0.0.1:{listener.server_address[1]}/rate"


@pytest.fixture(scope="module", params=[*CONTENDERS, "fastapi@aiohttp"])
def asking(request, upstream, tmp_path_factory):
    log = tmp_path_factory.mktemp("logs") / "asking.log"
    with served(request.param, {"UPSTREAM_URL": upstream}, log) as server:
        yield server


@pytest.mark.parametrize(
    "says",
    ["failing", "hanging up", "slow", "nonsense", "[1]", '{"rate":"1.25"}', '{"rate":null}', '{"rate":NaN}', "{}"],
)
def test_an_upstream_that_fails_is_a_bad_gateway(asking, says):
    Upstream.says = says
    assert refused(asking.ask("GET", "/upstream"), 502)
    Upstream.says = RATE
    assert asking.ask("GET", "/upstream").json() == {"rate": 1.25}


def test_without_services_only_what_needs_them_fails(name, tmp_path):
    with served(name, {}, tmp_path / "log", workers=2) as server:
        key = {"X-Api-Key": "key"}
        needing = [server.ask("GET", path, headers=key) for path in ("/items/1", "/expensive", "/top", "/upstream")]
        assert all(refused(answer, 500) for answer in needing)
        assert server.ask("GET", "/models/1").status_code == 200
        assert server.ask("GET", "/catalogue/typed").status_code == 200


def test_whoever_gets_no_connection_in_time_is_told_to_come_again(name, environment, tmp_path):
    pool = {"DATABASE_POOL_SIZE": "1", "DATABASE_MAX_OVERFLOW": "0", "DATABASE_POOL_TIMEOUT_S": "0.02"}
    with served(name, environment | pool, tmp_path / "log") as server:
        assert server.ask("GET", "/slow").json() == {"slept_ms": 50}
        answers = at_once(8, lambda _: server.ask("GET", "/slow"))
        turned_away = [answer for answer in answers if answer.status_code != 200]
        assert 0 < len(turned_away) < 8
        assert all(refused(answer, 503) for answer in turned_away)
        assert {answer.headers["Retry-After"] for answer in turned_away} == {"1"}
        assert server.ask("GET", "/slow").status_code == 200


# At the end


class SilentSink(socketserver.StreamRequestHandler):
    """A mail server that says no word until it may."""

    may_speak: ClassVar = threading.Event()
    counting: ClassVar = threading.Lock()
    recipients: ClassVar[list[str]] = []

    def handle(self):
        self.may_speak.wait(SOON_S)
        self.say("220 .")
        for line in iter(self.rfile.readline, b""):
            word = line[:4].upper()
            if word == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            if word == b"DATA":
                self.say("354 .")
                while self.rfile.readline() != b".\r\n":
                    pass
                with self.counting:
                    self.recipients.append(recipient)
            self.say("221 ." if word == b"QUIT" else "250 .")

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


@pytest.mark.parametrize(
    ("contender", "conversations"),
    [*((one, 0) for one in sorted(ENDING.values())), ("flask@gthread", 4), ("django_rest@uvicorn", 20)],
)
def test_a_server_sends_every_mail_before_it_ends_and_says_goodbye_meanwhile(contender, conversations, kept, tmp_path):
    SilentSink.may_speak.clear()
    addresses = [f"{contender.replace('@', '-')}-{conversations}-{number}@example.com" for number in range(10)]
    with listening(SilentSink) as sink:
        words = kept[1][contender.partition("@")[0]] | SMALL_POOLS
        words["MAIL_URL"] = f"smtp://127.0.0.1:{sink.server_address[1]}"
        with served(contender, words, tmp_path / "log") as server, ExitStack() as stack:
            silent = [stack.enter_context(opened(server)) for _ in range(conversations)]
            bodies = [{"email": address, "password": SECRET} for address in addresses]
            answers = at_once(10, lambda number: server.ask("POST", "/users", json=bodies[number]))
            assert [answer.status_code for answer in answers] == [202] * 10
            assert not {*addresses} & {*SilentSink.recipients}
            threading.Timer(PATIENCE_S, SilentSink.may_speak.set).start()
            server.end()
            assert {close_code(line) for line in silent} <= GOODBYES
    assert sorted({*addresses} & {*SilentSink.recipients}) == addresses, server.logged()


# In the log


def test_a_request_is_a_line_of_json_without_secrets(app):
    app.ask("POST", "/login", json=USER | {"password": SECRET})
    me(app, token())
    lines = [json.loads(line) for line in app.logged().splitlines() if line.startswith("{")]
    answered = [line for line in lines if line.get("path") == "/login"]
    assert {"time", "level", "logger", "message", "method", "status", "duration_ms"} <= set(answered[-1])
    secrets = (SECRET, dataset.PASSWORD, token().partition(".")[0], dataset.SECRET_KEY, "$2b$")
    assert [secret for secret in secrets if secret in app.logged()] == []


def test_a_failure_is_traced_in_the_log_without_secrets(name, environment, tmp_path):
    gone = environment | {"DATABASE_URL": "postgresql://bench@127.0.0.1:9/gone", "DATABASE_POOL_TIMEOUT_S": "0.5"}
    with served(name, gone, tmp_path / "log") as server:
        answer = server.ask("POST", "/users", json={"email": "nobody@example.com", "password": SECRET})
    logged = server.logged()
    assert answer.status_code in {500, 503}, "a pool that waits for a database may call it busy"
    assert refused(answer, answer.status_code)
    assert answer.status_code == 503 or "Traceback" in logged
    assert [secret for secret in (SECRET, "$2b$", dataset.SECRET_KEY) if secret in logged] == []
