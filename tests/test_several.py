"""What is asked of several runs in one folder: all alike, but for their scenario or their number of connections."""

import pytest

from harness import catalog, prepare, several
from harness.errors import InputError
from harness.model import Placement
from harness.prepare import Asked
from tests import builders

PLACEMENT = Placement(server_cpus=(1,), generator_cpus=(0,), owns_core=True)


def test_the_runs_of_a_matrix_share_all_but_their_scenario_and_the_first_alone_has_cold_starts():
    one, other = several.matrix(Asked(plan={"blocks": 9}), ("json", "model"))
    assert (one.scenario, other.scenario) == ("json", "model")
    assert one.plan["seed"] == other.plan["seed"]
    assert one.plan["blocks"] == other.plan["blocks"] == 9
    assert (one.plan["starts"], other.plan["starts"]) == (several.USUAL["starts"], 0)


def test_a_matrix_measures_slices_only_unless_more_is_asked_for():
    (plan, *_) = several.matrix(Asked(plan=prepare.preset(prepare.QUICK, None, slices_only=True)), ("json", "model"))
    assert not {"duets", "open_blocks", "other_wait_blocks"} & plan.plan.keys()
    (asked, *_) = several.matrix(Asked(plan={"duets": 1}), ("json", "model"))
    assert asked.plan["duets"] == 1


def test_the_first_run_of_a_sweep_alone_has_idle_connections():
    asked = several.sweep(Asked(scenario="websocket"), (1, 10, 100))
    assert [prepare.plan(prepare.enter(one), one, PLACEMENT).idle_connections for one in asked] == [1000, 0, 0]


def test_several_runs_of_one_scenario_are_a_sweep_and_of_several_a_matrix():
    json, model = builders.plan(), builders.plan(scenario="model")
    assert several.is_sweep([json, json])
    assert not several.is_sweep([json, model])
    assert not several.is_sweep([json])


def test_all_scenarios_are_every_one_once_the_usual_one_first_and_those_with_services_last():
    known = catalog.read()
    every = catalog.scenarios(known, ["all"])
    assert every[0] == "json"
    assert sorted(every) == sorted(known.scenarios)
    served = [bool(known.scenarios[name].services) for name in every]
    assert served == sorted(served)


def test_a_scenario_that_is_named_twice_is_measured_once():
    assert catalog.scenarios(catalog.read(), ["model", "json", "model"]) == ("model", "json")


def test_every_name_that_is_no_scenario_is_told_at_once():
    with pytest.raises(InputError) as refused:
        catalog.scenarios(catalog.read(), ["jsno", "json", "modle"])
    assert '"jsno"' in str(refused.value)
    assert '"modle"' in str(refused.value)


def test_whoever_lacks_the_routes_of_a_scenario_sits_out_of_it_and_is_named():
    entry = prepare.enter(Asked(scenario="item", contenders=("fastapi", "bare_asgi")))
    assert [one.label for one in entry.contenders] == ["fastapi@uvicorn", "null", "control"]
    assert entry.absent == {"bare_asgi@uvicorn": "its app does not take part in this scenario"}
    assert entry.specifications == ("fastapi", "bare_asgi", "null", "control")
    whole = prepare.enter(Asked(scenario="json", contenders=("fastapi", "bare_asgi")))
    assert whole.absent == {}


APP = """
title = "One"
[deployments.able]
command = ["{python}", "one.py"]
[deployments.unable]
command = ["{python}", "one.py"]
cannot = { json = "it has no words." }
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "app.toml").write_text(APP)
    return tmp_path


def test_a_deployment_that_cannot_serve_a_scenario_sits_out_of_it_and_says_why_each_time_it_is_asked_for(own):
    asked = Asked(contenders=(f"{own}:one", f"{own}:one@unable"), reference="one@able", plan={"seed": 1})
    entry = prepare.enter(asked)
    assert [one.label for one in entry.contenders] == ["one@able", "null", "control"]
    assert entry.absent == {"one@unable": "it has no words"}
    again = prepare.enter(Asked.again(prepare.plan(entry, asked, PLACEMENT), own))
    assert again == entry
    other = prepare.enter(Asked(scenario="model", contenders=asked.contenders))
    assert other.absent == {}


def test_ratios_to_a_deployment_that_cannot_are_refused_with_the_reason(own):
    with pytest.raises(InputError, match='`one@unable` takes no part in the scenario "json": it has no words'):
        prepare.enter(Asked(contenders=(f"{own}:one", f"{own}:one@unable"), reference="one@unable"))


@pytest.mark.parametrize(
    "asked", [{"lineup": "baselines"}, {"contenders": ("fastapi", "bare_asgi"), "reference": "bare_asgi@uvicorn"}]
)
def test_ratios_to_one_who_sits_out_are_refused(asked):
    with pytest.raises(InputError, match="the reference `bare_asgi@uvicorn` takes no part") as refused:
        prepare.enter(Asked(scenario="item", **asked))
    assert "fastapi@uvicorn" in refused.value.hint


def test_a_scenario_in_which_nobody_takes_part_is_refused():
    with pytest.raises(InputError, match="takes no part"):
        prepare.enter(Asked(scenario="item", contenders=("bare_asgi",)))


def test_a_scenario_says_how_many_connections_and_how_long_slices_unless_told_otherwise():
    entry = prepare.enter(Asked(scenario="signup"))
    assert entry.scenario.slice_min_s
    usual = prepare.plan(entry, Asked(scenario="signup"), PLACEMENT)
    assert (usual.connections, usual.slice_min_s) == (entry.scenario.connections, entry.scenario.slice_min_s)
    told = prepare.plan(entry, Asked(scenario="signup", plan={"connections": 7}), PLACEMENT)
    assert told.connections == 7


def test_a_quick_matrix_of_every_scenario_takes_20_minutes_at_most():
    fields = prepare.preset({**prepare.QUICK, **several.QUICK}, None, slices_only=True)
    each = several.matrix(Asked(plan=fields), catalog.scenarios(catalog.read(), ["all"]))
    entries = [prepare.enter(one) for one in each]
    plans = [prepare.plan(entry, one, PLACEMENT) for entry, one in zip(entries, each, strict=True)]
    assert sum(map(prepare.seconds, plans, entries)) < 20 * 60
    slices_s = [3 * plan.slice_max_s + 2 * plan.slice_min_s for plan in plans]
    longest_s = [
        plan.blocks * (5 * plan.warm_s + 1.3 * plan.rounds * each_s)
        for plan, each_s in zip(plans, slices_s, strict=True)
    ]
    assert sum(longest_s) < 20 * 60, "not even if every contender needs the longest slices"
