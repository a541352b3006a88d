"""Runs of several scenarios say together what each contender does in each."""

import json

import pytest

from harness import matrix, store
from harness.model import Expectation, Matrix, MatrixCost, Request, Scenario, TurnOutcome, Verdict
from harness.stats import unpaired
from harness.stats.slices import throughputs
from harness.summary import summarize
from tests import builders
from tests.builders import CONTROL, DJANGO, FASTAPI, FLASK, NULL

REFUSED = Expectation(status=429, json_body={})


def asking(run, name, alternatives=()):
    """A run of `builders` as if it had asked another scenario."""
    request = Request(
        name="one", path=f"/{name}", expect=Expectation(json_body={}), alternatives=dict.fromkeys(alternatives, REFUSED)
    )
    scenario = Scenario(name=name, about=f"About {name}.", isolates="", leaves_out="", requests=(request,))
    plan = run.head.plan.model_copy(update={"scenario": name})
    return run.model_copy(update={"head": run.head.model_copy(update={"scenario": scenario, "plan": plan})})


def with_services(run, cpu_s):
    """As if the services had used so much CPU time in every turn."""
    return run.model_copy(
        update={
            "outcomes": tuple(
                one.model_copy(update={"services_cpu_s": cpu_s}) if isinstance(one, TurnOutcome) else one
                for one in run.outcomes
            )
        }
    )


def made(rates=builders.THROUGHPUTS, **changes):
    return builders.result_set(rates, **{"blocks": 8, "rounds": 3, "starts": 0} | changes)


def derived(*runs, beside=None):
    return matrix.derive("a-matrix", [(run, summarize(run)) for run in runs], beside or {})


def cell(line, label):
    return next(one for one in line.cells if one and one.contender == label)


def test_every_scenario_is_a_line_in_the_order_of_the_runs_with_the_numbers_of_its_rows():
    runs = [asking(made(), "json"), asking(made(seed=2, connections=10), "item")]
    found = derived(*runs)
    assert [(line.scenario, line.connections) for line in found.lines] == [("json", 100), ("item", 10)]
    assert found.lines[1].about == "About item."
    assert [member.label for member in found.members] == [FASTAPI, FLASK, DJANGO, NULL, CONTROL]
    for line, run in zip(found.lines, runs, strict=True):
        for row in summarize(run).rows:
            shown = cell(line, row.member.label)
            assert (shown.requests_per_s, shown.verdict) == (row.requests_per_s, row.verdict)
            assert shown.ratio == (row.comparison.ratio if row.comparison else None)
        assert cell(line, FASTAPI).ratio is None, "it is the reference"
        assert cell(line, FLASK).ratio.value == pytest.approx(2500 / 4400, rel=0.03)


def test_who_sits_out_of_a_scenario_has_no_cell_there_and_yardsticks_stand_last():
    few = {label: rate for label, rate in builders.THROUGHPUTS.items() if label != DJANGO}
    found = derived(asking(made(few), "item"), asking(made(), "json"))
    assert [member.label for member in found.members] == [FASTAPI, FLASK, DJANGO, NULL, CONTROL]
    assert found.lines[0].cells[2] is None
    assert found.lines[1].cells[2].contender == DJANGO


def test_answers_counted_apart_are_a_share_of_whole_slices_in_older_runs_and_a_name_that_did_not_happen_is_0():
    run = asking(made(), "expensive", ("refused", "missed"))
    run = builders.altered(run, "recording", FLASK, answered=1000, alternatives={"refused": 900})
    found = derived(run).lines[0]
    assert cell(found, FLASK).apart == {"refused": pytest.approx(0.9), "missed": 0.0}
    assert cell(found, FASTAPI).apart == {"refused": 0.0, "missed": 0.0}
    assert cell(found, NULL).apart == {}, "a yardstick answers another scenario"


def test_the_share_counted_apart_is_that_of_what_is_counted_where_the_recordings_tell():
    run = asking(made(), "cached", ("missed",))
    told = {"answered": 1000, "counted": 400.0, "alternatives": {"missed": 300}}
    run = builders.altered(run, "recording", FLASK, **told, counted_alternatives={"missed": 20.0})
    run = builders.altered(run, "recording", DJANGO, **told, counted_alternatives={"missed": 0.0})
    found = derived(run).lines[0]
    assert cell(found, FLASK).apart == {"missed": pytest.approx(0.05)}
    assert cell(found, DJANGO).apart == {"missed": 0.0}, "all misses came before what is counted"


def test_where_nothing_was_measured_nothing_was_counted_apart():
    run = builders.altered(asking(made(), "expensive", ("refused",)), "turn", FLASK, recording=None)
    shown = cell(derived(run).lines[0], FLASK)
    assert shown.apart == {}
    assert (shown.verdict, shown.requests_per_s, shown.ratio) == (Verdict.INVALID, None, None)


def test_the_services_have_a_share_of_the_cpu_time_only_where_there_are_some():
    run = made()
    with_some = asking(with_services(run, 0.2), "item")
    rows = {row.member.label: row for row in summarize(with_some).rows}
    without, some = derived(asking(run, "json"), with_some).lines
    assert cell(without, FASTAPI).services_share is None
    assert cell(some, FASTAPI).services_share == rows[FASTAPI].services_share > 0
    assert cell(some, CONTROL).services_share is None


TYPED = asking(made({**builders.THROUGHPUTS, FASTAPI: 2200.0}), "typed")
UNTYPED = asking(made(seed=2), "untyped")
PAIR = {"typed": "untyped"}


def test_a_scenario_is_held_against_the_one_beside_it_by_what_the_audit_says_of_two_scenarios():
    typed, untyped = derived(TYPED, UNTYPED, beside=PAIR).lines
    assert (typed.beside, untyped.beside) == ("untyped", None)
    for label in (FASTAPI, FLASK, DJANGO):
        ours, theirs = (throughputs(run)[label] for run in (TYPED, UNTYPED))
        cost = cell(typed, label).cost
        assert cost.ratio == unpaired.between_scenarios(ours, theirs, "untyped").ratio
        assert cost.ratio.n == 16, "two samples, not pairs"
        assert cost.verdict is Verdict.SERVER_BOUND
    assert cell(typed, FASTAPI).cost.ratio.value == pytest.approx(0.5, rel=0.03)
    assert cell(typed, FLASK).cost.ratio.value == pytest.approx(1, rel=0.03)
    assert cell(typed, CONTROL).cost is None
    assert cell(untyped, FASTAPI).cost is None


def test_the_cost_of_one_thing_has_the_worse_verdict_of_its_two_numbers_and_of_an_invalid_one_there_is_none():
    doubted = builders.altered(UNTYPED, "recording", FASTAPI, connections=50)
    (typed, _) = derived(TYPED, doubted, beside=PAIR).lines
    assert cell(typed, FASTAPI).cost.verdict is Verdict.UNSETTLED
    assert cell(typed, FASTAPI).cost.ratio.value == pytest.approx(0.5, rel=0.03)
    broken = builders.altered(UNTYPED, "turn", FLASK, recording=None)
    (typed, _) = derived(TYPED, broken, beside=PAIR).lines
    assert cell(typed, FLASK).cost == MatrixCost(verdict=Verdict.INVALID, ratio=None)


def test_who_or_what_is_missing_in_either_scenario_has_no_cost():
    assert derived(TYPED, beside=PAIR).lines[0].beside is None
    few = {label: rate for label, rate in builders.THROUGHPUTS.items() if label != DJANGO}
    (typed, _) = derived(TYPED, asking(made(few), "untyped"), beside=PAIR).lines
    assert cell(typed, DJANGO).cost is None
    assert cell(typed, FLASK).cost.ratio.low is not None


def test_too_few_blocks_have_a_cost_without_an_interval():
    (typed, _) = derived(*(asking(made(blocks=2), name) for name in ("typed", "untyped")), beside=PAIR).lines
    assert cell(typed, FLASK).cost.ratio.low is None


def test_a_matrix_can_be_read_back():
    found = derived(TYPED, UNTYPED, beside=PAIR)
    assert Matrix.model_validate(json.loads(found.model_dump_json())) == found


def test_the_runs_of_a_matrix_are_found_whatever_they_are_called(tmp_path):
    folder = store.new_folder(tmp_path, "fair-matrix", 0.0)
    for name in ("upstream", "json"):
        store.write_head(store.new_part(folder, name), asking(made(blocks=1), name).head)
    assert [part.name for part in store.parts(folder)] == ["json", "upstream"]
