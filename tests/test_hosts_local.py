"""Launching on this machine: what works, and every way in which a server fails to start."""

import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import HostError, LaunchError
from harness.hosts.local import LocalHost
from harness.model import App, Contender, Deployment
from tests.launching import ASKED, LIMITS, PYTHON, alive, contender, eventually, failure, gone, launched


def test_a_launched_server_answers_where_it_says_and_has_ended_afterwards(tmp_path: Path) -> None:
    with launched(tmp_path) as server:
        facts = server.launched
        with socket.create_connection((facts.host, facts.port), timeout=5):
            assert alive(facts.pid)
    assert not alive(facts.pid)
    assert server.killed is False
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((facts.host, facts.port))


def test_the_clock_runs_from_the_spawn_to_listening_and_to_the_first_correct_answer(tmp_path: Path) -> None:
    slow = """
    class Slow(Handler):
        def body(self):
            time.sleep(0.2)
            return super().body()
    time.sleep(0.3)
    serve(Slow)
    """
    with launched(tmp_path, slow) as server:
        assert server.launched.listening_s >= 0.3
        assert server.launched.ready_s >= server.launched.listening_s + 0.2


def test_a_server_that_first_drops_connections_is_asked_again(tmp_path: Path) -> None:
    dropping = """
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    for _ in range(3):
        listener.accept()[0].close()
    listener.close()
    serve()
    """
    with launched(tmp_path, dropping) as server:
        assert server.launched.ready_s > server.launched.listening_s


def test_nothing_of_the_callers_environment_reaches_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "WEB_CONCURRENCY", "PYTHONWARNINGS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    telling = "open('seen', 'w').write(json.dumps(dict(os.environ)) + '\\n'); serve()"
    app = contender(tmp_path, telling, COLOUR="green")
    with LocalHost() as host, host.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 10):
        seen = json.loads((tmp_path / "seen").read_text())
    assert seen.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python itself may set it
    assert seen == {
        "PATH": f"{PYTHON.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "COLOUR": "green",
    }


def test_paths_with_spaces_braces_and_other_letters_work(tmp_path: Path) -> None:
    folder = tmp_path / "Größe {port} 大 'x'"
    with launched(folder, "print('über', flush=True); serve()") as server:
        assert server.launched.log == str(folder / "log")
        assert "über" in (folder / "log").read_text()


def test_a_command_may_name_everything_that_is_promised(tmp_path: Path) -> None:
    words = ("{python}", "{bin}", "{host}", "{port}", "{workers}", "{threads}", "{app}", "{other}")
    folder = contender(tmp_path, "serve()").app.folder
    command = ("{python}", "serve.py", "{port}", *words)
    app = App(name="words", folder=folder, title="", deployments={"all": Deployment(command=command, threads=3)})
    words_app = Contender(label="words@all", app=app, deployment_name="all")
    with LocalHost() as host, host.launch(words_app, PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as server:
        port = str(server.launched.port)
        given = ("127.0.0.1", port, "1", "3", str(folder), "{other}")
        assert server.launched.command[3:] == (str(PYTHON), str(PYTHON.parent), *given)


def test_a_server_that_never_listens_is_given_up_with_the_place_of_its_log(tmp_path: Path) -> None:
    error = failure(tmp_path, "print('thinking', flush=True); time.sleep(60)", timeout_s=0.5)
    assert error.message.startswith("`trap@plain` did not answer on 127.0.0.1:")
    assert error.message.endswith("within 0.5 s.")
    assert error.hint == f"Its log is {tmp_path / 'log'}; last line: thinking."


def test_a_server_that_listens_but_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = "l = socket.create_server(('127.0.0.1', int(sys.argv[1]))); c = l.accept(); time.sleep(60)"
    error = failure(tmp_path, silent, timeout_s=0.5)
    assert "did not answer" in error.message
    assert "it wrote nothing" in error.hint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("status = 500", "status 500 where 200 is expected"),
        ("media_type = 'text/html'", "type 'text/html' where 'application/json' is expected"),
        ("body = lambda self: '{}'", "'{}' where {\"hello\": [1, true]} is expected"),
        ("body = lambda self: 'no JSON'", "'no JSON' where"),
    ],
)
def test_a_wrong_answer_fails_at_once_and_says_what_it_was(tmp_path: Path, wrong: str, said: str) -> None:
    error = failure(tmp_path, f"class Wrong(Handler):\n    {wrong}\nserve(Wrong)", timeout_s=60)
    assert said in error.message
    assert "`trap@plain` answered GET /hello" in error.message


def test_a_process_that_exits_early_is_reported_with_its_code_and_last_words(tmp_path: Path) -> None:
    error = failure(tmp_path, "print('no database', flush=True); sys.exit(3)", timeout_s=60)
    assert error.message == "`trap@plain` ended (exit code 3) before it answered."
    assert "last line: no database" in error.hint


def test_last_words_of_an_earlier_launch_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("old words\n")
    assert "it wrote nothing" in failure(tmp_path, "sys.exit(3)").hint


def test_a_command_that_does_not_exist_is_an_error_with_the_command(tmp_path: Path) -> None:
    app = App(name="a", folder=tmp_path, title="", deployments={"b": Deployment(command=("{bin}/nosuch", "{port}"))})
    missing = Contender(label="a@b", app=app, deployment_name="b")
    with (
        LocalHost() as host,
        pytest.raises(LaunchError, match="could not be started") as caught,
        host.launch(missing, PYTHON, ASKED, LIMITS, tmp_path / "log", 10),
    ):
        pass
    assert "/nosuch" in caught.value.hint


def test_an_app_that_goes_into_the_background_is_told_so_and_ended(tmp_path: Path) -> None:
    daemon = """
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    open("daemon", "w").write(f"{os.getpid()}\\n")
    time.sleep(0.5)
    serve()
    """
    error = failure(tmp_path, daemon)
    assert "went into the background" in error.message
    assert "foreground" in error.hint
    pids = (tmp_path / "daemon").read_text().split() if (tmp_path / "daemon").exists() else []
    assert not any(alive(int(pid)) for pid in pids)


def test_the_host_goes_on_after_a_failed_launch(tmp_path: Path) -> None:
    with LocalHost() as host:
        broken, sound = contender(tmp_path / "broken", "sys.exit(1)"), contender(tmp_path / "sound")
        with (
            pytest.raises(LaunchError),
            host.launch(broken, PYTHON, ASKED, LIMITS, tmp_path / "log", 10),
        ):
            pass
        with host.launch(sound, PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as server:
            assert alive(server.launched.pid)


def test_a_port_lost_to_another_program_is_given_up_for_another_one(tmp_path: Path) -> None:
    unlucky = """
    import pathlib
    if not pathlib.Path("lost").exists():
        pathlib.Path("lost").write_text(sys.argv[1] + "\\n")
        while not pathlib.Path("taken").exists(): time.sleep(0.01)
        sys.exit(1)
    serve()
    """
    with ThreadPoolExecutor() as pool, socket.socket() as other:

        def take() -> int:
            port = int(eventually(tmp_path / "lost"))
            other.bind(("127.0.0.1", port))
            other.listen()
            (tmp_path / "taken").touch()
            return port

        lost = pool.submit(take)
        with launched(tmp_path, unlucky) as server:
            assert server.launched.port != lost.result(timeout=5)


def test_an_app_that_answers_and_then_goes_into_the_background_is_told_so_too(tmp_path: Path) -> None:
    daemon = """
    answered, tell = os.pipe()
    class Telling(Handler):
        def do_GET(self):
            super().do_GET()
            os.write(tell, b"!")
    if os.fork():
        os.read(answered, 1)
        time.sleep(0.01)
        os._exit(0)
    open("daemon", "w").write(f"{os.getpid()}\\n")
    serve(Telling)
    """
    assert "went into the background" in failure(tmp_path, daemon).message
    assert not alive(int(eventually(tmp_path / "daemon")))


def test_a_server_that_goes_into_the_background_after_its_launch_is_told_so(tmp_path: Path) -> None:
    daemon = """
    if os.fork():
        while not os.path.exists("leave"): time.sleep(0.001)
        os._exit(0)
    serve()
    """
    with launched(tmp_path, daemon) as server:
        (tmp_path / "leave").touch()
        assert gone(server.launched.pid)
        with pytest.raises(LaunchError, match="went into the background"):
            server.usage()


def test_a_log_that_cannot_be_written_is_the_host_s_fault_and_no_contender_s(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with (
        LocalHost() as host,
        pytest.raises(HostError, match="log"),
        host.launch(contender(tmp_path), PYTHON, ASKED, LIMITS, tmp_path / "logs" / "log", 10),
    ):
        pass


@pytest.mark.parametrize(("word", "environment"), [("nul\0", {}), ("{port}", {"A=B": "c"})])
def test_a_command_that_no_system_can_start_is_an_error_that_says_so(
    tmp_path: Path, word: str, environment: dict[str, str]
) -> None:
    deployment = Deployment(command=("{python}", word, "{port}"), environment=environment)
    app = App(name="a", folder=tmp_path, title="", deployments={"b": deployment})
    odd = Contender(label="a@b", app=app, deployment_name="b")
    with (
        LocalHost() as host,
        pytest.raises(LaunchError, match="no system can start"),
        host.launch(odd, PYTHON, ASKED, LIMITS, tmp_path / "log", 10),
    ):
        pass


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without a home")
def test_a_user_without_a_home_can_measure_too() -> None:
    script = """
import os
from harness.hosts import local
os.environ.pop("HOME", None)
os.setuid(54321)
print(local._home())
"""
    root = Path(__file__).parent.parent
    told = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout == "/\n"


WITHOUT_BYTECODE = {"PYTHONPYCACHEPREFIX": "/dev/null", "PYTHONDONTWRITEBYTECODE": "1"}


def test_a_server_launched_without_bytecode_reads_none_writes_none_and_leaves_what_is_there(tmp_path: Path) -> None:
    app = contender(tmp_path, "import other; serve()", PYTHONVERBOSE="1")
    (tmp_path / "other.py").touch()
    with LocalHost() as host:
        for log, environment in (("one", {}), ("two", {}), ("bare", WITHOUT_BYTECODE)):
            with host.launch(app, PYTHON, ASKED, LIMITS, tmp_path / log, 10, environment):
                kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*")}
                assert [path.name.partition(".")[0] for path in kept] == ["other"]
    assert f"code object from '{tmp_path}/__pycache__/other" in (tmp_path / "two").read_text()
    bare = (tmp_path / "bare").read_text()
    assert re.search(r"code object from .*\.pyc", bare) is None
    assert len(re.findall(r"code object from .*\.py$", bare, re.MULTILINE)) > 50, "sources are what it read"
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*")}


def test_a_server_tells_its_imports_and_those_of_its_children_if_it_was_launched_to(tmp_path: Path) -> None:
    forking = """
    if os.fork() == 0:
        import wave
        open("imported", "w").write("\\n")
        time.sleep(60)
    while not os.path.exists("imported"): time.sleep(0.01)
    serve()
    """
    app = contender(tmp_path, forking)
    with LocalHost() as host:
        with host.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 10) as silent:
            assert silent.imports() == ()
        (tmp_path / "imported").unlink()
        with host.launch(app, PYTHON, ASKED, LIMITS, tmp_path / "log", 10, {"PYTHONPROFILEIMPORTTIME": "1"}) as told:
            imports = {one.module: one for one in told.imports()}
    assert {"wave", "http.server", "json"} <= imports.keys()
    assert 0 < imports["http.server"].self_s < imports["http.server"].cumulative_s
