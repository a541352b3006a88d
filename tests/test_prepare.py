"""What a scenario suggests, and what each contender is asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness import catalog, prepare
from harness.errors import InputError
from harness.prepare import Asked
from tests import websocket_servers
from tests.fakes import PLACEMENT, RecordingHost

FAIR = ("fastapi@uvicorn", "flask@gthread")


@pytest.fixture(scope="module")
def scenarios():
    return catalog.read().scenarios


def planned(scenario, **plan):
    asked = Asked(scenario=scenario, contenders=FAIR, plan=plan)
    return prepare.plan(prepare.enter(asked), asked, PLACEMENT)


def asked_of(scenario):
    asked = Asked(scenario=scenario, contenders=FAIR)
    entry = prepare.enter(asked)
    field = prepare.field_of(entry, prepare.plan(entry, asked, PLACEMENT), RecordingHost({}), Path("logs"))
    return field.scenarios


def test_a_scenario_suggests_its_connections_and_how_long_slices_last_at_least():
    suggested = planned("signup")
    assert (suggested.connections, suggested.slice_min_s) == (4, 2.5)
    usual = planned("json")
    assert (usual.connections, usual.slice_min_s) == (100, 0.25)


def test_a_load_over_websockets_is_our_engine_s_alone_and_has_no_duets():
    def over_websockets(**plan):
        asked = Asked(contenders=FAIR, plan={"duets": 2, **plan})
        return prepare.plan(replace(prepare.enter(asked), scenario=websocket_servers.scenario()), asked, PLACEMENT)

    assert over_websockets().duets == 0
    with pytest.raises(InputError, match='"fasthttp" does not speak WebSockets'):
        over_websockets(engine="fasthttp", duets=0)


def test_what_is_asked_for_goes_before_what_a_scenario_suggests():
    chosen = planned("signup", connections=7, slice_max_s=0.5)
    assert (chosen.connections, chosen.slice_max_s) == (7, 0.5)


def on_cpus(*generator_cpus, **plan):
    """PLACEMENT's servers, and so many CPUs for generators."""
    asked = Asked(contenders=FAIR, plan=plan)
    return prepare.plan(prepare.enter(asked), asked, PLACEMENT.model_copy(update={"generator_cpus": generator_cpus}))


def test_only_a_scenario_that_opens_websockets_has_idle_connections():
    assert planned("websocket").idle_connections == prepare.IDLE_CONNECTIONS == 1000
    assert planned("websocket", idle_connections=5).idle_connections == 5
    assert planned("websocket", **prepare.QUICK).idle_connections == 200
    assert planned("json").idle_connections == planned("json", idle_connections=5).idle_connections == 0
    assert "idle_connections" not in planned("json").model_dump()


def test_idle_connections_are_known_to_take_their_time():
    asked = Asked(scenario="websocket", contenders=FAIR, plan={"blocks": 3})
    entry = prepare.enter(asked)
    held = prepare.plan(entry, asked, PLACEMENT)
    longer_s = prepare.seconds(held, entry) - prepare.seconds(held.model_copy(update={"idle_connections": 0}), entry)
    assert longer_s == pytest.approx(3 * 2 * prepare.IDLE_S)


def test_generators_spin_where_each_has_a_cpu_of_its_own():
    assert on_cpus(0, 2, load_processes=2).wait == "spin"
    assert on_cpus(0, load_processes=2).wait == "sleep"
    assert on_cpus(0, 2, 3).load_processes == 1
    with pytest.raises(InputError, match="3 generators cannot spin on 2 CPUs"):
        on_cpus(0, 2, load_processes=3, wait="spin")
    with pytest.raises(InputError, match="2 generators cannot spin on 1 CPUs"):
        on_cpus(0, load_processes=2, other_wait_blocks=1)
    assert on_cpus(0, other_wait_blocks=1).wait == "spin"


def test_each_generator_needs_a_connection():
    assert on_cpus(0, connections=3, load_processes=3).load_processes == 3
    with pytest.raises(InputError, match="4 generators cannot share 3 connections"):
        on_cpus(0, connections=3, load_processes=4)


@pytest.mark.parametrize("name", ["login", "download", "instrumented"])
def test_yardsticks_are_asked_a_plain_scenario_where_they_know_no_better(scenarios, name):
    found = asked_of(name)
    assert {label: scenario.name for label, scenario in found.items()} == {
        **dict.fromkeys(FAIR, name),
        **dict.fromkeys(catalog.YARDSTICKS, "json"),
    }
    assert scenarios["json"].is_plain


def test_all_that_is_asked_of_anybody_is_in_the_digests_of_a_run():
    asked = Asked(scenario="login", contenders=FAIR)
    entry, host = prepare.enter(asked), RecordingHost({})
    for app in entry.apps:
        host.environments.make(app)
    head = prepare.head(entry, prepare.plan(entry, asked, PLACEMENT), host, "x", 0.0)
    assert {name for name in head.digests if name.startswith("scenario ")} == {"scenario login", "scenario json"}


@pytest.mark.parametrize("name", ["json", "model", "upstream"])
def test_yardsticks_are_asked_the_scenario_itself_where_it_is_plain(name):
    assert {scenario.name for scenario in asked_of(name).values()} == {name}


def estimated_s(scenario, **plan):
    asked = Asked(scenario=scenario, contenders=FAIR, plan={"duets": 0, **plan})
    entry = prepare.enter(asked)
    return prepare.seconds(prepare.plan(entry, asked, PLACEMENT), entry)


def test_services_and_slow_answers_are_known_to_take_their_time():
    plain_s, item_s, login_s = (estimated_s(scenario) for scenario in ("json", "item", "login"))
    assert plain_s < item_s < login_s
    few_s = [estimated_s(scenario, starts=0) for scenario in ("graphql", "upload", "download", "metrics")]
    assert min(few_s) > 2 * estimated_s("json", starts=0)
    assert estimated_s("item", blocks=9) - estimated_s("item", blocks=8) > prepare.SERVICES_S


def test_warm_ups_last_as_long_as_the_scenario_asks_but_in_a_quick_run():
    assert (planned("json").warm_s, planned("download").warm_s) == (0.8, 8.0)
    assert planned("download", **prepare.QUICK).warm_s == 0.5


def test_what_lies_in_the_cache_expires_in_every_slice(scenarios):
    lives_s = float(scenarios["cached"].settings.get("CACHE_TTL_S", 1))
    assert planned("cached").slice_min_s >= 3 * lives_s
