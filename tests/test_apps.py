"""The apps and scenarios as they lie on disk: nothing here needs an app's dependencies."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.model import App, Scenario

ROOT = Path(__file__).resolve().parents[1]
APPS = ROOT / "apps"
SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))
CONTENDERS = ("fastapi", "flask", "django_rest")
RESOURCES = ("health", "hello", "models")
DEPLOYMENTS = {
    "fastapi": ["uvicorn", "gunicorn-asgi", "gunicorn-uvicorn", "article"],
    "flask": ["gthread", "sync", "gevent"],
    "django_rest": ["gthread", "sync", "uvicorn"],
    "bare_asgi": ["uvicorn", "gunicorn-asgi", "gunicorn-uvicorn"],
    "bare_wsgi": ["gthread", "sync", "gevent"],
    "null": ["plain"],
    "control": ["plain", "burn5", "burn10"],
}
SERVER_DEFAULTS = {("fastapi", "article"), ("flask", "sync"), ("django_rest", "sync"), ("bare_wsgi", "sync")}
LOCKED = [name for name in DEPLOYMENTS if name not in {"null", "control"}]
IDS = [(app, deployment) for app, deployments in DEPLOYMENTS.items() for deployment in deployments]


def load_app(name: str) -> App:
    manifest = tomllib.loads((APPS / name / "app.toml").read_text("utf-8"))
    return App(name=name, folder=APPS / name, **manifest)


def load_scenario(path: Path) -> Scenario:
    return Scenario(name=path.stem, **tomllib.loads(path.read_text("utf-8")))


def functions(path: Path) -> list[tuple[str, str | None]]:
    tree = ast.parse(path.read_text("utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.name, ast.get_docstring(node)) for node in found]


def constant(path: Path, name: str) -> Any:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path} has no {name}")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


# Manifests


def test_the_folders_with_a_manifest_are_the_seven_apps() -> None:
    assert {path.parent.name for path in APPS.glob("*/app.toml")} == set(DEPLOYMENTS)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_app_has_the_declared_deployments_in_their_order(name: str) -> None:
    assert list(load_app(name).deployments) == DEPLOYMENTS[name]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_app_has_the_role_of_its_name(name: str) -> None:
    role = {"null": "null", "control": "control", "bare_asgi": "baseline", "bare_wsgi": "baseline"}
    assert load_app(name).role == role.get(name, "contender")


@pytest.mark.parametrize(("name", "deployment"), IDS)
def test_a_deployment_states_every_trait_and_what_it_is(name: str, deployment: str) -> None:
    stated = load_app(name).deployments[deployment]
    assert all(stated.traits.model_dump().values())
    assert stated.about.endswith(".")


@pytest.mark.parametrize(("name", "deployment"), IDS)
def test_a_command_holds_only_placeholders_that_the_harness_fills(name: str, deployment: str) -> None:
    command = " ".join(load_app(name).deployments[deployment].command)
    found = set(re.findall(r"\{(\w*)\}", command))
    assert {"host", "port"} <= found <= {"python", "bin", "host", "port", "workers", "threads", "app"}


@pytest.mark.parametrize(("name", "deployment"), IDS)
def test_a_deployment_says_its_number_of_workers_and_reads_no_environment(name: str, deployment: str) -> None:
    stated = load_app(name).deployments[deployment]
    assert stated.environment == {}
    assert "{workers}" in stated.command or str(stated.workers) in stated.command


@pytest.mark.parametrize(
    ("name", "deployment"), [one for one in IDS if one[0] in LOCKED and one not in SERVER_DEFAULTS]
)
def test_a_fair_deployment_keeps_connections_for_75_s_without_log_and_proxy_headers(name: str, deployment: str) -> None:
    stated = load_app(name).deployments[deployment]
    kept, log, proxy = stated.traits.keep_alive, stated.traits.access_log, stated.traits.proxy_headers
    assert (stated.connections, kept, log, proxy) == ("kept", "75 s", "off", "off")
    after = dict(zip(stated.command, stated.command[1:], strict=False))
    assert after.get("--keep-alive", after.get("--timeout-keep-alive")) == "75"


@pytest.mark.parametrize(("name", "deployment"), IDS)
def test_gunicorn_opens_no_control_socket(name: str, deployment: str) -> None:
    command = load_app(name).deployments[deployment].command
    assert ("--no-control-socket" in command) == ("{bin}/gunicorn" in command)


def test_the_article_deployment_is_the_command_of_its_dockerfile() -> None:
    article = load_app("fastapi").deployments["article"]
    command = " ".join(article.command).removeprefix("{bin}/")
    assert (command, article.workers) == ("uvicorn main:app --host {host} --port {port} --workers 4", 4)


@pytest.mark.parametrize("name", ["flask", "django_rest", "bare_wsgi"])
def test_sync_is_the_servers_default_and_says_that_it_closes(name: str) -> None:
    sync = load_app(name).deployments["sync"]
    assert [part for part in sync.command if part.startswith("--")] == ["--bind", "--workers", "--no-control-socket"]
    assert sync.connections == "closed"


# Locks


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_app_has_a_lock_if_and_only_if_it_has_dependencies(name: str) -> None:
    lock = load_app(name).requirements
    assert (lock is not None) == (name in LOCKED) == (APPS / name / "requirements.in").exists()
    assert lock is None or (APPS / name / lock).exists()


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_says_its_download_first_and_holds_hashes_and_no_addresses(name: str) -> None:
    text = (APPS / name / "requirements.lock").read_text("utf-8")
    assert re.fullmatch(r"# download: \d+ MB", text.splitlines()[0])
    pins = re.findall(r"^[a-z0-9][\w.\[\]-]*==[^\\]*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE)) > 0
    assert not re.search(r"://|index-url|find-links|extra-index|/", text.partition("\n")[2])


@pytest.mark.parametrize("name", LOCKED)
def test_every_version_to_report_is_locked(name: str) -> None:
    text = (APPS / name / "requirements.lock").read_text("utf-8")
    locked = set(re.findall(r"^([\w.-]+)(?:\[\w+\])?==", text, re.MULTILINE))
    assert set(load_app(name).versions) <= locked


# The contenders side by side


@pytest.mark.parametrize("name", CONTENDERS)
def test_routes_stand_in_the_same_order(name: str) -> None:
    text = (APPS / name / "routes" / "__init__.py").read_text("utf-8")
    joined = text.rpartition("=")[2]
    assert tuple(re.findall(r"(\w+)\.(?:router|blueprint|urlpatterns)", joined)) == RESOURCES
    assert {path.stem for path in (APPS / name / "routes").glob("*.py")} == {"__init__", *RESOURCES}


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_route_has_the_same_names_and_docstrings_in_all_three(resource: str) -> None:
    paths = [APPS / name / "routes" / f"{resource}.py" for name in CONTENDERS]
    first, *others = [(ast.get_docstring(ast.parse(path.read_text("utf-8"))), functions(path)) for path in paths]
    assert first[0]
    assert all(docstring for _, docstring in first[1])
    assert others == [first, first]


@pytest.mark.parametrize(
    "file", ["models/store.py", "services/health.py", "services/hello.py", "services/models.py", "routes/__init__.py"]
)
def test_what_is_not_the_frameworks_business_is_alike_in_all_three(file: str) -> None:
    texts = [(APPS / name / file).read_text("utf-8").partition("\nfrom .")[0] for name in CONTENDERS]
    assert texts[1:] == [texts[0], texts[0]]


def test_all_apps_of_the_contract_say_the_same_of_an_error() -> None:
    tables = [constant(APPS / name / "core" / "errors.py", "ERRORS") for name in CONTENDERS]
    tables += [constant(APPS / name / "main.py", "ERRORS") for name in ("bare_asgi", "bare_wsgi")]
    assert all(table == tables[0] for table in tables)


def test_both_baselines_answer_from_the_same_functions() -> None:
    trees = [ast.parse((APPS / name / "main.py").read_text("utf-8")).body for name in ("bare_asgi", "bare_wsgi")]
    asgi, wsgi = ([ast.unparse(node) for node in tree if getattr(node, "name", "app") != "app"] for tree in trees)
    assert asgi == wsgi
    assert len(asgi) > 5


@pytest.mark.parametrize("path", sorted(APPS.glob("**/*.py")), ids=lambda path: str(path.relative_to(APPS)))
def test_no_app_reaches_into_the_harness_or_another_app(path: Path) -> None:
    own = path.relative_to(APPS).parts[0]
    frameworks = {"fastapi": {"fastapi"}, "flask": {"flask"}, "django_rest": {"django", "rest_framework"}}
    foreign = set.union(*(names for app, names in frameworks.items() if app != own))
    assert not imports(path) & ({"harness", "apps", *DEPLOYMENTS} - frameworks.get(own, set()) | foreign)


@pytest.mark.parametrize("path", sorted(APPS.glob("**/*.py")), ids=lambda path: str(path.relative_to(APPS)))
def test_no_app_asks_its_environment_what_to_be(path: Path) -> None:
    assert not re.search(
        r"getenv|environ\.get|environ\[\"(?!DJANGO_SETTINGS_MODULE|REQUEST_METHOD|PATH_INFO)", path.read_text("utf-8")
    )


@pytest.mark.parametrize("name", ["null", "control"])
def test_a_frozen_server_needs_the_standard_library_only(name: str) -> None:
    assert imports(APPS / name / "main.py") <= set(sys.stdlib_module_names)


def test_control_says_of_each_deployment_how_many_pieces_it_does() -> None:
    deployments = load_app("control").deployments
    pieces = constant(APPS / "control" / "main.py", "PIECES")
    added = {name: int("".join(deployment.command[5:]) or pieces) for name, deployment in deployments.items()}
    stated = {name: int(re.findall(r"(\d+) (?:more )?pieces", one.about)[0]) for name, one in deployments.items()}
    assert added == stated
    assert 0 < added["burn5"] < added["burn10"] < pieces


# Scenarios


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_has_a_load_and_a_sentence_for_each_of_its_purposes(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.load
    assert all(text.endswith(".") for text in (scenario.about, scenario.isolates, scenario.leaves_out))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_answer_of_a_scenario_can_be_compared(path: Path) -> None:
    requests = load_scenario(path).requests
    assert len({request.name for request in requests}) == len(requests)
    for request in requests:
        assert json.loads(json.dumps(request.expect.json_body)) == request.expect.json_body is not None


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_an_error_has_the_one_shape_and_is_no_load(path: Path) -> None:
    table = constant(APPS / "flask" / "core" / "errors.py", "ERRORS")
    for request in load_scenario(path).requests:
        if request.expect.status != 200:
            code, message = table[request.expect.status]
            assert request.expect.json_body == {"error": {"code": code, "message": message}}
            assert request.weight == 0


def test_no_two_scenarios_ask_the_same_for_different_answers() -> None:
    answers: dict[tuple[str, str], Any] = {}
    for request in (request for path in SCENARIOS for request in load_scenario(path).requests):
        assert answers.setdefault((request.method, request.path), request.expect) == request.expect


@pytest.mark.parametrize("status", [404, 405, 422])
def test_every_error_that_a_caller_can_cause_is_asked_for(status: int) -> None:
    assert status in {request.expect.status for path in SCENARIOS for request in load_scenario(path).requests}
