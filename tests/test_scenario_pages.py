"""A page says of a scenario what its file says, shows the route of every app, and the numbers of a reference run."""

import re

import pytest

from harness import catalog
from harness.catalog import ROOT
from harness.model import Draw, Expectation, Matrix, Request, Scenario
from harness.report import routes, scenarios
from harness.report.scenarios import Sources
from tests import test_report_matrix

FOLDER = ROOT / scenarios.FOLDER
REFERENCE = ROOT / "results" / "reference" / "scenarios" / "matrix.json"

FASTAPI = '''from fastapi import APIRouter

router = APIRouter()


@router.get("/items")
async def read_items():
    """Answer a page."""
    return {}


@router.get("/items/{item_id}", responses={404: {}})
async def read_item(item_id):
    """Answer one."""
    return find(item_id)


@router.post("/items")
async def create_item():
    """Take one."""
'''
FLASK = FASTAPI.replace("async ", "").replace("{item_id}", "<int:item_id>").replace("@router", "@blueprint")
DJANGO = """from django.urls import path


@api_view(["GET"])
@throttled
def read_items(request):
    return Response({})


class Item(APIView):
    def get(self, request, item_id):
        return Response(find(item_id))


urlpatterns = [path("items", read_items), path("items/<str:item_id>", Item.as_view())]
"""
APPS = {"fastapi": FASTAPI, "flask": FLASK, "django": DJANGO}
SCENARIO = Scenario(
    name="item",
    about="One item.",
    isolates="A round trip.",
    leaves_out="All else.",
    services=("postgres", "valkey"),
    settings={"CACHE_TTL_S": "1"},
    connections=7,
    requests=(
        Request(
            name="item",
            path="/items/{item.id}",
            weight=3,
            headers={"X-Api-Key": "{item.id}"},
            draw=Draw(of="item", count=500),
            expect=Expectation(json_body={"id": "{item.id}"}),
            alternatives={"refused": Expectation(status=429, headers={"Retry-After": "<integer>"}, json_body={})},
        ),
        Request(name="new", method="POST", path="/items", body={"name": "x" * 500}, expect=Expectation(json_body=1)),
        Request(
            name="wrong", path="/items/a|b", weight=0, expect=Expectation(status=422, json_body={"error": "no `id`"})
        ),
    ),
)


def made(matrix=None, apps=APPS):
    sources = [Sources(name, f"apps/{name}/routes", {"items.py": text}) for name, text in apps.items()]
    return dict(scenarios.pages([SCENARIO], sources, matrix))


def committed():
    known = catalog.read()
    apps = [catalog.contender(known, one).app for one in known.lineups["fair"].contenders]
    every = [known.scenarios[name] for name in catalog.scenarios(known, ["all"])]
    matrix = Matrix.model_validate_json(REFERENCE.read_text(encoding="utf-8")) if REFERENCE.exists() else None
    return dict(scenarios.pages(every, [scenarios.read(app) for app in apps], matrix))


def test_the_pages_in_docs_are_those_that_follow_from_scenarios_routes_and_the_reference_run(request):
    expected = committed()
    if request.config.getoption("--update-golden"):
        FOLDER.mkdir(exist_ok=True)
        for stale in set(FOLDER.glob("*.md")) - {FOLDER / name for name in expected}:
            stale.unlink()
        for name, text in expected.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert sorted(kept) == sorted(expected)
    differing = [name for name, text in expected.items() if kept[name] != text]
    assert differing == [], "if the change is meant: ./bench test -- tests/test_scenario_pages.py --update-golden"


def test_every_app_answers_every_request_of_every_load():
    assert [name for name, text in committed().items() if "Nothing answers" in text] == []


def test_the_page_of_a_scenario_agrees_with_its_golden_file(agrees_with_golden):
    agrees_with_golden("scenario.txt", made()["item.md"])


def test_the_page_of_a_measured_scenario_shows_its_line_of_the_matrix_and_no_other():
    page = made(test_report_matrix.found())["item.md"]
    (ratios, *_) = re.findall(r"^\| `item` \|.*$", page, re.MULTILINE)
    assert "0.80x (0.78 to 0.81)" in ratios
    assert "34 %" in page
    assert "`model`" not in page
    assert "results/reference/scenarios/item/report.md" in page
    assert "Not measured yet" not in page


def test_a_scenario_that_the_reference_run_did_not_ask_is_not_measured_yet():
    assert "Not measured yet" in made(test_report_matrix.found(("json",)))["item.md"]
    assert "Not measured yet" in made()["README.md"]


def test_the_index_links_to_every_page_and_shows_the_ratios_of_all():
    index = made(test_report_matrix.found())["README.md"]
    assert "[item](item.md)" in index
    assert "| `expensive` |" in index
    assert "charts/matrix-dark.svg" in index


def test_an_address_that_nothing_answers_is_said():
    page = made(apps={**APPS, "flask": ""})["item.md"]
    assert "Nothing answers `GET /items/{item.id}` yet." in page.partition("### flask")[2].partition("###")[0]


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    ("path", "function"),
    [("/items?page=2", "read_items"), ("/items/{item.id}", "item"), ("/items/{a.b}/more", None), ("/other", None)],
)
def test_the_function_that_answers_an_address_is_found_in_every_framework(app, path, function):
    found = routes.find({"items.py": APPS[app]}, "GET", path)
    if function is None:
        assert found is None
    else:
        assert found.function.lower().endswith(function)
        assert found.module == "items.py"


def test_the_code_of_a_route_is_the_function_whole_with_its_decorators_and_nothing_else():
    assert routes.find({"a": DJANGO}, "GET", "/items").code == (
        '@api_view(["GET"])\n@throttled\ndef read_items(request):\n    return Response({})'
    )
    assert routes.find({"a": FASTAPI}, "GET", "/items/1").code.splitlines()[0].startswith("@router.get(")


@pytest.mark.parametrize("router", ['APIRouter(prefix="/shop")', 'Blueprint("items", __name__, url_prefix="/shop")'])
def test_what_a_router_puts_before_every_address_counts(router):
    text = FASTAPI.replace("APIRouter()", router)
    assert routes.find({"a": text}, "GET", "/shop/items").function == "read_items"
    assert routes.find({"a": text}, "GET", "/items") is None


def test_of_two_functions_at_one_address_the_one_that_takes_the_method_answers():
    assert routes.find({"a": FASTAPI}, "POST", "/items").function == "create_item"
    assert routes.find({"a": FASTAPI}, "DELETE", "/items") is None


def test_an_address_that_is_spelled_out_goes_before_one_that_varies():
    text = '@router.get("/{any}")\ndef anything(): ...\n\n\n@router.get("/items")\ndef items(): ...\n'
    assert routes.find({"a": text}, "GET", "/items").function == "items"
