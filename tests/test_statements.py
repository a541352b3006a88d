"""What each request costs the database, by its own log: the table in apps/README.md."""

import re
import subprocess
import time

import pytest

from harness import dataset, environments
from tests.serving import ENVIRONMENTS, KEEPER, SMALL_POOLS, served, services
from tests.test_apps import CONTENDERS

LOGGED = re.compile(r"LOG:  (?:statement|execute [^:]*): (\w+)")
WARM = 2
LOG_ALL = """
import psycopg, sys
for url in sys.argv[1:]:
    with psycopg.connect(url, autocommit=True) as database:
        name = psycopg.sql.Identifier(database.info.dbname)
        for said in ("SET log_statement = 'all'", "SET log_min_messages = 'log'"):
            database.execute(psycopg.sql.SQL("ALTER DATABASE {} " + said).format(name))
"""
USER = {"email": "user7@example.com", "password": dataset.PASSWORD}
BY_SQLALCHEMY = {
    ("GET", "/items/1"): "BEGIN SELECT ROLLBACK",
    ("GET", "/items/999999"): "BEGIN SELECT ROLLBACK",
    ("GET", "/items"): "BEGIN SELECT SELECT ROLLBACK",
    ("POST", "/login"): "BEGIN SELECT COMMIT",
    ("POST", "/users"): "BEGIN INSERT ROLLBACK",  # the address is taken
    ("GET", "/me"): "",  # without a token
    ("GET", "/slow"): "BEGIN SELECT ROLLBACK",
    ("GET", "/json"): "",
}
TO_COMMIT = {"BEGIN", "COMMIT", "ROLLBACK"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with services(tmp_path_factory.mktemp("services"), CONTENDERS) as (keeper, words):
        python = environments.python(KEEPER, ENVIRONMENTS)
        subprocess.run([python, "-I", "-c", LOG_ALL, *(each["DATABASE_URL"] for each in words.values())], check=True)
        yield keeper, words


@pytest.fixture(scope="module", params=CONTENDERS)
def asked(request, kept, tmp_path_factory):
    """What each request costs one contender, once it is warm."""
    keeper, words = kept
    environment = {**words[request.param], **SMALL_POOLS}
    with served(request.param, environment, tmp_path_factory.mktemp("logs") / "app.log") as server:
        return request.param, {pair: _statements(server, keeper, *pair) for pair in BY_SQLALCHEMY}


def test_each_request_costs_the_database_what_the_table_says(asked):
    name, found = asked
    if name == "django_rest":  # it commits each statement by itself
        expected = {pair: _without(words, TO_COMMIT) for pair, words in BY_SQLALCHEMY.items()}
    else:
        expected = BY_SQLALCHEMY
    assert found == expected


def _statements(server, keeper, method, path):
    body = {"json": USER} if method == "POST" else {}
    for _ in range(WARM):
        server.ask(method, path, **body)
    _settled(keeper)
    before = len(keeper.logged())
    server.ask(method, path, **body)
    _settled(keeper)
    return " ".join(LOGGED.findall(keeper.logged()[before:]))


def _settled(keeper):
    """Until the log has not grown for a moment: a session may be rolled back after its answer was sent."""
    size = -1
    while size != (size := len(keeper.logged())):
        time.sleep(0.04)


def _without(words, left_out):
    return " ".join(word for word in words.split() if word not in left_out)
