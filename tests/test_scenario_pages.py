"""A page says of a scenario what its file says, shows the route of every app, and the numbers of a reference run."""

import re

import pytest

from harness import catalog
from harness.catalog import ROOT
from harness.model import Content, Draw, Expectation, Matrix, Request, Scenario
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


def test_what_one_thing_costs_stands_on_the_pages_of_both_scenarios_and_on_no_other():
    every = [SCENARIO.model_copy(update={"name": name}) for name in ("json", "model", "item")]
    pages = dict(scenarios.pages(every, [], test_report_matrix.found()))
    shown = "| `model` | `json` | 0.70x (0.69 to 0.71) |"
    assert [name for name, page in pages.items() if shown in page] == ["json.md", "model.md"]
    assert [name for name, page in pages.items() if "What one thing costs" in page] == ["json.md", "model.md"]


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


def test_an_address_may_be_told_by_its_name():
    text = FASTAPI.replace('get("/items")', "get(PATH)") + '\nPATH = "/items"\n'
    assert routes.find({"a": text}, "GET", "/items").function == "read_items"
    assert routes.find({"a": text.replace("PATH =", "OTHER =")}, "GET", "/items") is None


def test_a_websocket_is_a_route_too():
    ways = [
        '@router.websocket("/ws/echo")\nasync def echo(socket): ...',
        '@sock.route("/ws/echo", blueprint)\ndef echo(connection): ...',
        'async def echo(scope): ...\nwebsocket_urlpatterns = [path("ws/echo", echo)]',
    ]
    assert [routes.find({"a": text}, "GET", "/ws/echo").function for text in ways] == ["echo"] * 3


def asked(**request):
    """What a page says of a request that is the whole load, and of one that is only verified."""
    expect = request.pop("expect")
    one = Request(name="one", path="/one", expect=expect, **request)
    other = one.model_copy(update={"name": "other", "weight": 0})
    page = dict(scenarios.pages([SCENARIO.model_copy(update={"requests": (one, other)})], [], None))["item.md"]
    return page.partition("## What is asked")[2].partition("### one")[2], page


def test_every_kind_of_body_is_told():
    shown, _ = asked(expect=Expectation(media_type="text/html", contains=("Shop", "redoc")))
    assert "200 text/html\n\na text that contains\nShop\nredoc\n" in shown
    assert "`200 a text that contains Shop redoc`" in shown
    shown, _ = asked(expect=Expectation(content=Content(size_bytes=1 << 20, crc32=7)))
    assert "\n\n1,048,576 bytes with the checksum 7 (CRC-32)\n" in shown
    shown, _ = asked(method="PUT", text="a", padding=1234, expect=Expectation(json_body=1))
    assert "PUT /one\n\na\n```\n\n(1,234 spaces follow) \nmust be answered by" in shown
    assert "`PUT /one` `a` and 1,234 spaces" in shown


def test_a_websocket_is_told():
    shown, page = asked(text="hello", echoes=100, expect=Expectation(status=101))
    assert "GET /one\nUpgrade: websocket\n\nhello\n```" in shown
    assert "(the text goes over the WebSocket, 100 times, each once the last has come back)" in shown
    assert "must be answered by\n\n```http\n101 Switching Protocols\n```" in shown
    assert "`GET /one` `hello`, said 100 times over a WebSocket | `101` |" in shown
    assert "each of which says its text as soon as it has the last one back, 100 times, and is opened anew." in page


def test_of_two_functions_at_one_address_the_one_that_takes_the_method_answers():
    assert routes.find({"a": FASTAPI}, "POST", "/items").function == "create_item"
    assert routes.find({"a": FASTAPI}, "DELETE", "/items") is None


def test_an_address_that_is_spelled_out_goes_before_one_that_varies():
    text = '@router.get("/{any}")\ndef anything(): ...\n\n\n@router.get("/items")\ndef items(): ...\n'
    assert routes.find({"a": text}, "GET", "/items").function == "items"
