"""The apps and scenarios as they lie on disk: nothing here needs an app's dependencies."""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import catalog
from harness.catalog import ROOT
from harness.model import Deployment, Request

KNOWN = catalog.read()
APPS = ROOT / "apps"

# Those that promise to be alike. Another app in apps/ makes its own promises.
CONTENDERS = ("fastapi", "flask", "django_rest")
BASELINES = ("bare_asgi", "bare_wsgi")
OURS = (*CONTENDERS, *BASELINES, *catalog.YARDSTICKS)
SETTINGS_MODULES = [
    APPS / name / "core" / f"{'settings' if name == 'django_rest' else 'config'}.py" for name in CONTENDERS
]
IN_MEMORY = ("health", "hello", "models", "catalogue", "injection", "graph", "echo", "metrics", "upload", "download")
"""Services without a framework's idiom."""
IDS = [(name, deployment) for name in OURS for deployment in KNOWN.apps[name].deployments]
FAIR = sorted({one for name in ("fair", "baselines") for one in KNOWN.lineups[name].contenders})
LOCKED = [name for name, app in KNOWN.apps.items() if app.requirements]
MODULES = sorted(path for name in OURS for path in (APPS / name).glob("**/*.py"))


def deployment(name: str, deployment_name: str) -> Deployment:
    return KNOWN.apps[name].deployments[deployment_name]


def requests() -> list[Request]:
    return [request for scenario in KNOWN.scenarios.values() for request in scenario.requests]


def modules(name: str, folder: str) -> list[str]:
    return sorted(path.stem for path in (APPS / name / folder).glob("*.py") if path.stem != "__init__")


def resources(name: str) -> list[str]:
    """The route modules in the order in which an app joins them."""
    text = (APPS / name / "routes" / "__init__.py").read_text("utf-8")
    return re.findall(r"(\w+)\.(?:router|blueprint|urlpatterns)", text.rpartition("=")[2])


def functions(path: Path) -> list[tuple[str, str | None]]:
    tree = ast.parse(path.read_text("utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.name, ast.get_docstring(node)) for node in found]


def public(path: Path) -> list[tuple[str, str | None]]:
    return [one for one in functions(path) if not one[0].startswith("_")]


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


def lock(name: str) -> str:
    return (APPS / name / str(KNOWN.apps[name].requirements)).read_text("utf-8")


# Manifests


@pytest.mark.parametrize(
    ("name", "role"), [("null", "null"), ("control", "control"), ("bare_asgi", "baseline"), ("bare_wsgi", "baseline")]
)
def test_what_is_no_contender_says_so(name: str, role: str) -> None:
    assert KNOWN.apps[name].role == role


@pytest.mark.parametrize(("name", "deployment_name"), IDS)
def test_a_deployment_states_every_trait_and_what_it_is(name: str, deployment_name: str) -> None:
    stated = deployment(name, deployment_name)
    assert all(stated.traits.model_dump().values())
    assert stated.about


@pytest.mark.parametrize(("name", "deployment_name"), IDS)
def test_a_command_is_told_where_to_listen_and_with_how_many_workers(name: str, deployment_name: str) -> None:
    stated = deployment(name, deployment_name)
    command = " ".join(stated.command)
    assert "{host}" in command
    assert "{port}" in command
    assert "{workers}" in command or f" {stated.workers}" in command


@pytest.mark.parametrize("contender", FAIR)
def test_a_fair_deployment_keeps_connections_for_75_s_without_log_and_proxy_headers(contender: str) -> None:
    stated = deployment(*contender.split("@"))
    kept, log, proxy = stated.traits.keep_alive, stated.traits.access_log, stated.traits.proxy_headers
    assert (stated.connections, kept, log, proxy) == ("kept", "75 s", "off", "off")


@pytest.mark.parametrize(("name", "deployment_name"), [one for one in IDS if one[0] not in catalog.YARDSTICKS])
def test_a_deployment_that_says_75_s_is_started_with_them(name: str, deployment_name: str) -> None:
    stated = deployment(name, deployment_name)
    after = dict(zip(stated.command, stated.command[1:], strict=False))
    told = after.get("--keep-alive", after.get("--timeout-keep-alive"))
    assert (stated.traits.keep_alive == "75 s") == (told == "75")


@pytest.mark.parametrize(("name", "deployment_name"), IDS)
def test_gunicorn_opens_no_control_socket(name: str, deployment_name: str) -> None:
    command = deployment(name, deployment_name).command
    assert ("--no-control-socket" in command) == ("{bin}/gunicorn" in command)


def test_the_article_deployment_is_the_command_of_its_dockerfile() -> None:
    article = deployment("fastapi", "article")
    command = " ".join(article.command).removeprefix("{bin}/")
    assert (command, article.workers) == ("uvicorn main:app --host {host} --port {port} --workers 4", 4)


@pytest.mark.parametrize("name", ["flask", "django_rest", "bare_wsgi"])
def test_sync_is_the_servers_default_and_says_that_it_closes(name: str) -> None:
    sync = deployment(name, "sync")
    assert [part for part in sync.command if part.startswith("--")] == ["--bind", "--workers", "--no-control-socket"]
    assert sync.connections == "closed"


# Locks


@pytest.mark.parametrize("name", OURS)
def test_an_app_has_a_lock_if_and_only_if_it_has_dependencies(name: str) -> None:
    assert (name in LOCKED) == (APPS / name / "requirements.in").exists()


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_says_its_download_first_and_holds_hashes_and_no_addresses(name: str) -> None:
    text = lock(name)
    assert re.fullmatch(r"# download: \d+ MB", text.splitlines()[0])
    pins = re.findall(r"^[a-z0-9][\w.\[\]-]*==[^\\]*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE)) > 0
    assert not re.search(r"://|index-url|find-links|extra-index|/", text.partition("\n")[2])


@pytest.mark.parametrize("name", LOCKED)
def test_every_version_to_report_is_locked(name: str) -> None:
    locked = set(re.findall(r"^([\w.-]+)(?:\[\w+\])?==", lock(name), re.MULTILINE))
    assert set(KNOWN.apps[name].versions) <= locked


# The contenders side by side


@pytest.mark.parametrize("name", CONTENDERS)
def test_routes_stand_in_the_same_order(name: str) -> None:
    assert resources(name) == resources(CONTENDERS[0])
    assert sorted(resources(name)) == modules(name, "routes")


@pytest.mark.parametrize("resource", resources(CONTENDERS[0]))
def test_a_route_has_the_same_names_and_docstrings_in_all_three(resource: str) -> None:
    paths = [APPS / name / "routes" / f"{resource}.py" for name in CONTENDERS]
    first, *others = [(ast.get_docstring(ast.parse(path.read_text("utf-8"))), public(path)) for path in paths]
    assert first[0]
    assert all(docstring for _, docstring in first[1])
    assert others == [first, first]


@pytest.mark.parametrize(
    "file",
    [
        "models/store.py",
        "models/catalogue.py",
        "models/graph.py",
        "routes/__init__.py",
        *(f"services/{service}.py" for service in IN_MEMORY),
    ],
)
def test_what_is_not_the_frameworks_business_is_alike_in_all_three(file: str) -> None:
    texts = [(APPS / name / file).read_text("utf-8").partition("\nfrom .")[0] for name in CONTENDERS]
    assert texts[1:] == [texts[0], texts[0]]


@pytest.mark.parametrize("service", sorted({*modules(CONTENDERS[0], "services")} - {*IN_MEMORY}))
def test_a_service_with_its_own_idiom_is_called_alike_in_all_three(service: str) -> None:
    paths = [APPS / name / "services" / f"{service}.py" for name in CONTENDERS]
    called = [sorted(one for one, _ in public(path)) for path in paths]
    assert called[1:] == [called[0], called[0]]
    assert called[0]


def test_all_apps_of_the_contract_say_the_same_of_an_error() -> None:
    tables = [constant(APPS / name / "core" / "errors.py", "ERRORS") for name in CONTENDERS]
    assert tables[1:] == [tables[0], tables[0]]
    bare = [constant(APPS / name / "main.py", "ERRORS") for name in BASELINES]
    assert all(table.items() <= tables[0].items() for table in bare)


def test_both_baselines_answer_from_the_same_functions() -> None:
    trees = [ast.parse((APPS / name / "main.py").read_text("utf-8")).body for name in ("bare_asgi", "bare_wsgi")]
    asgi, wsgi = ([ast.unparse(node) for node in tree if getattr(node, "name", "app") != "app"] for tree in trees)
    assert asgi == wsgi
    assert len(asgi) > 5


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APPS)))
def test_no_app_reaches_into_the_harness_or_another_app(path: Path) -> None:
    own = path.relative_to(APPS).parts[0]
    frameworks = {"fastapi": {"fastapi"}, "flask": {"flask"}, "django_rest": {"django", "rest_framework"}}
    foreign = set.union(*(names for app, names in frameworks.items() if app != own))
    assert not imports(path) & ({"harness", "apps", *OURS} - frameworks.get(own, set()) | foreign)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path not in SETTINGS_MODULES],
    ids=lambda path: str(path.relative_to(APPS)),
)
def test_no_app_asks_its_environment_what_to_be_but_in_its_settings(path: Path) -> None:
    assert not re.search(
        r"getenv|environ\.get|environ\[\"(?!DJANGO_SETTINGS_MODULE|REQUEST_METHOD|PATH_INFO|wsgi\.|gunicorn\.)",
        path.read_text("utf-8"),
    )


@pytest.mark.parametrize("path", SETTINGS_MODULES, ids=lambda path: path.relative_to(APPS).parts[0])
def test_every_setting_is_known_to_every_contender(path: Path) -> None:
    table = (APPS / "README.md").read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    documented = re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)))
    assert len(documented) == 12
    assert [name for name in documented if name.lower() not in path.read_text("utf-8").lower()] == []


@pytest.mark.parametrize("name", catalog.YARDSTICKS)
def test_a_frozen_server_needs_the_standard_library_only(name: str) -> None:
    assert imports(APPS / name / "main.py") <= set(sys.stdlib_module_names)


def test_control_says_of_each_deployment_how_many_pieces_it_does() -> None:
    deployments = KNOWN.apps["control"].deployments
    pieces = constant(APPS / "control" / "main.py", "PIECES")
    added = {name: int("".join(one.command[5:]) or pieces) for name, one in deployments.items()}
    stated = {name: int(re.findall(r"(\d+) (?:more )?pieces", one.about)[0]) for name, one in deployments.items()}
    assert added == stated
    assert 0 < added["burn5"] < added["burn10"] < pieces


# Scenarios


@pytest.mark.parametrize("request_", requests(), ids=lambda request: request.name)
def test_every_answer_of_a_scenario_is_json(request_: Request) -> None:
    assert json.loads(json.dumps(request_.expect.json_body)) == request_.expect.json_body


@pytest.mark.parametrize("request_", [one for one in requests() if one.expect.status >= 400], ids=lambda one: one.name)
def test_an_error_has_the_one_shape(request_: Request) -> None:
    code, message = constant(APPS / "flask" / "core" / "errors.py", "ERRORS")[request_.expect.status]
    assert request_.expect.json_body == {"error": {"code": code, "message": message}}


def test_no_two_scenarios_that_the_yardsticks_answer_ask_the_same_for_different_answers() -> None:
    """They know an answer by method and path alone."""
    answers: dict[tuple[str, str], Any] = {}
    plain = (scenario for scenario in KNOWN.scenarios.values() if scenario.is_plain)
    for request in (request for scenario in plain for request in scenario.requests if request.is_plain):
        assert answers.setdefault((request.method, request.path), request.expect) == request.expect


@pytest.mark.parametrize("status", [401, 404, 405, 409, 413, 422, 429])
def test_every_error_that_a_caller_can_cause_is_asked_for(status: int) -> None:
    assert status in {request.expect.status for request in requests()}
