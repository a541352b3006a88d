"""Claims that take other scenarios are decided by runs of these, made in rotation."""

from __future__ import annotations

import json
import re

import pytest

from harness import audit, several, store
from harness.audit import Standing
from harness.cli import auditing as command
from harness.model import Expectation, Failure, Request, Scenario, TurnOutcome
from harness.report import auditing, page
from harness.summary import summarize
from tests import builders
from tests.builders import DJANGO, FASTAPI, FLASK, altered, result_set
from tests.test_audit_claims import NEVER, RUN, SAME, SUMMARY, table

ARTICLE = audit.find_published("article")
BUSY = {"turned-away": Expectation(status=503, json_body={}), "late": Expectation(status=202, json_body={})}


def asking(name, run, created_at=0.0):
    """A run of `builders` as if it had asked another scenario; all have the alternatives of a busy service."""
    request = Request(name="one", path="/one", expect=Expectation(json_body={}), alternatives=BUSY)
    scenario = Scenario(name=name, about="It.", isolates="", leaves_out="", requests=(request,))
    plan = run.head.plan.model_copy(update={"scenario": name})
    changes = {"name": f"m/{name}", "created_at": created_at, "scenario": scenario, "plan": plan}
    return run.model_copy(update={"head": run.head.model_copy(update=changes)})


def measured(name, fastapi=4400.0, seed=1, **changes):
    fields = {"blocks": 12, "rounds": 3, "starts": 0, "connections": 30} | changes
    return asking(name, result_set({**builders.THROUGHPUTS, FASTAPI: fastapi}, seed=seed, **fields))


def turned_away(label, answers, name="turned-away"):
    """The scenario `pool`, in every slice of which so many of 1,000 answers were of that name."""
    return altered(measured("pool"), "recording", label, answered=1000, alternatives={name: answers})


def judged(claim, *runs):
    (found,) = audit.audit(table(claim), RUN, SUMMARY, [(run, summarize(run)) for run in runs]).claims
    return found


def test_two_scenarios_in_which_an_app_does_the_same_reproduce_that_nothing_is_lost():
    found = judged(SAME, measured("typed"), measured("untyped", seed=2))
    assert (found.standing, found.because) == (
        Standing.REPRODUCED,
        "Throughput is the SAME, within 3 %, as in untyped.",
    )
    (ratio,) = found.measured
    assert ratio.low < ratio.value < ratio.high
    assert ratio.value == pytest.approx(1, abs=0.02)
    assert ratio.n == 24, "two samples, not pairs"


@pytest.mark.parametrize(
    ("typed", "said"),
    [(3600.0, "typed is SLOWER than untyped."), (5200.0, "typed is FASTER than untyped.")],
)
def test_a_difference_either_way_is_not_reproduced_and_its_ratio_is_shown(typed, said):
    found = judged(SAME, measured("typed", typed), measured("untyped", seed=2))
    assert (found.standing, found.because) == (Standing.NOT_REPRODUCED, said)
    assert found.measured[0].value == pytest.approx(typed / 4400, rel=0.03)


def test_a_small_difference_that_is_certain_is_one_though_it_lies_within_the_margin():
    quiet = {"noise": 0.001, "block_noise": 0.001}
    found = judged(SAME, measured("typed", 4400 * 0.985, **quiet), measured("untyped", seed=2, **quiet))
    assert (found.standing, found.because) == (
        Standing.NOT_REPRODUCED,
        "typed is SLOWER than untyped, within the margin of 3 %.",
    )


def test_what_the_noise_hides_is_undecided_and_the_interval_that_counts_is_told():
    loud = {"block_noise": 0.05}
    found = judged(SAME, measured("typed", **loud), measured("untyped", seed=2, **loud))
    assert found.standing is Standing.UNDECIDED
    assert found.because.startswith("Whether there is a difference cannot be told here: that takes a 99 % interval")
    low, high = re.search(r"it is (\S+) to (\S+)\.$", found.because).groups()
    assert float(low) < found.measured[0].low < found.measured[0].high < float(high)


def test_blocks_that_the_hour_moves_alike_widen_the_interval_and_do_not_narrow_it():
    """The same noise in both: paired there would be no difference to see; two samples know nothing of that."""
    loud = {"block_noise": 0.05}
    (ratio,) = judged(SAME, measured("typed", **loud), measured("untyped", **loud)).measured
    assert ratio.value == pytest.approx(1)
    assert ratio.high / ratio.low > 1.04


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((), "It takes another scenario (typed and untyped), which this run did not measure."),
        ((measured("typed"),), "It takes another scenario (untyped), which this run did not measure."),
        (
            (measured("typed"), measured("untyped", blocks=7)),
            "Our runs are too short to claim an interval.",
        ),
        (
            (
                measured("typed"),
                altered(measured("untyped"), "turn", FASTAPI, failure=Failure(stage="slice", message="gone")),
            ),
            f"{FASTAPI} is INVALID in untyped.",
        ),
        (
            (measured("typed"), asking("untyped", result_set({FLASK: 2500.0}, rounds=2, starts=0))),
            "No contender of fastapi took part in untyped.",
        ),
    ],
)
def test_what_runs_lack_leaves_a_claim_untested(runs, said):
    found = judged(SAME, *runs)
    assert (found.standing, found.because) == (Standing.NOT_TESTED, said)


def test_an_unsettled_number_decides_nothing_and_is_said_with_its_scenario():
    unsettled = altered(measured("typed"), "recording", FASTAPI, connections=50)
    found = judged(SAME, unsettled, measured("untyped", seed=2))
    assert found.standing is Standing.UNDECIDED
    assert found.because.endswith(f" {FASTAPI} is UNSETTLED in typed.")


def test_an_answer_that_never_came_reproduces_that_it_never_does():
    found = judged(NEVER, turned_away(FLASK, 10))
    assert found.standing is Standing.REPRODUCED
    assert found.apart[FASTAPI].answers == 0
    assert found.apart[FASTAPI].of > 0
    assert found.because.startswith(f"In whole slices of pool {FASTAPI} answered none of ")
    assert f"; {FLASK} 360 of " in found.because, "beside it stands how the others did"


def test_one_such_answer_is_enough_to_deny_it():
    found = judged(NEVER, turned_away(FASTAPI, 1))
    assert found.standing is Standing.NOT_REPRODUCED
    assert list(found.apart) == [FASTAPI, FLASK, DJANGO]
    assert found.apart[FASTAPI].answers == 36


def test_answers_are_counted_in_slices_alone_as_the_report_of_the_run_counts_them():
    away = {"turned-away": 10}
    run = turned_away(FASTAPI, 10)
    warmed = tuple(
        one.model_copy(update={"recording": one.recording.model_copy(update={"alternatives": away})})
        if isinstance(one, TurnOutcome) and one.contender == FASTAPI and not one.round and one.recording
        else one
        for one in run.outcomes
    )
    run = run.model_copy(update={"outcomes": warmed})
    (row,) = [row for row in summarize(run).rows if row.member.label == FASTAPI]
    counted = judged(NEVER, run).apart[FASTAPI]
    assert (counted.answers, counted.of) == (row.alternatives["turned-away"], row.answered) == (360, 36_000)


def test_answers_of_another_status_do_not_deny_it():
    assert judged(NEVER, turned_away(FASTAPI, 900, "late")).standing is Standing.REPRODUCED


def test_a_claim_of_answers_needs_no_interval_but_a_run_and_a_valid_number():
    assert judged(NEVER, measured("pool", blocks=2)).standing is Standing.REPRODUCED
    assert judged(NEVER).standing is Standing.NOT_TESTED
    broken = altered(measured("pool"), "turn", FASTAPI, failure=Failure(stage="slice", message="gone"))
    assert judged(NEVER, broken).because == f"{FASTAPI} is INVALID in pool."


def test_the_table_shows_what_was_claimed_and_what_was_found():
    runs = [measured("typed", 3600.0), measured("untyped", seed=2), turned_away(FASTAPI, 10)]
    found = audit.audit(table(SAME, NEVER), RUN, SUMMARY, [(run, summarize(run)) for run in runs])
    text = page.markdown(auditing.page(found))
    same, never = re_lines(text)
    assert "| the same | 0.8" in same
    assert "| no 503 | 360 of " in never
    assert "1, 2 rest on the runs m/typed, m/untyped, m/pool, each at its scenario's own connections" in text
    assert f"in them stand {FASTAPI} for Fastapi" in text


def test_only_runs_that_a_claim_takes_are_said_to_decide_it():
    runs = [measured("json"), measured("typed"), measured("untyped", seed=2)]
    found = audit.audit(table(SAME), RUN, SUMMARY, [(run, summarize(run)) for run in runs])
    assert found.scenarios == {"typed": "m/typed", "untyped": "m/untyped"}
    assert found.scenario_contenders == {"Fastapi": FASTAPI, "Flask": FLASK, "Django_Rest": DJANGO}


def re_lines(text):
    return [line for line in text.splitlines() if line.startswith(("| 1 |", "| 2 |"))]


# The command ----------------------------------------------------------------------------------------------------------


def matrix(folder, *runs):
    for run in runs:
        part = store.new_part(folder, run.head.scenario.name)
        store.write_head(part, run.head)
        for outcome in run.outcomes:
            store.append(part, outcome)
    return folder


def test_a_folder_of_several_scenarios_decides_what_its_run_of_the_tables_scenario_and_the_others_decide(
    tmp_path, capsys
):
    runs = (measured("json", connections=100, blocks=8), measured("pool", blocks=2), measured("model", blocks=2))
    command.audit("article", matrix(tmp_path, *runs), json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == "m/json"
    assert found["scenarios"] == {"pool": "m/pool"}, "only what its claims take"
    *_, same, never = found["claims"]
    assert (same["standing"], never["standing"]) == ("not tested yet", "reproduced")


def untested(others):
    """The claims of the article that the committed run of its line-up and these runs leave untested."""
    run = command.newest(ARTICLE)
    found = audit.audit(ARTICLE, run, summarize(run), [(other, summarize(other)) for other in others])
    return [one.claim.says for one in found.claims if one.standing is Standing.NOT_TESTED]


def test_a_run_of_scenarios_as_they_are_usually_run_leaves_no_claim_of_the_article_untested(tmp_path):
    names = ("graphql", "json", "pool", "typed", "untyped", "websocket")
    matrix(tmp_path / "all", *(measured(name, blocks=several.USUAL["blocks"], rounds=1) for name in names))
    others = command.newest_scenarios(ARTICLE, tmp_path)
    assert {other.head.scenario.name for other in others} == {"json", "typed", "untyped", "pool"}
    assert untested([]) == [claim.says for claim in ARTICLE.claims if claim.needs]
    assert untested(others) == []


def test_the_committed_runs_leave_no_claim_of_the_article_untested():
    others = command.newest_scenarios(ARTICLE)
    if not others:
        pytest.skip("the run of all scenarios is not committed")
    assert untested(others) == []


def test_the_newest_reference_runs_of_the_scenarios_are_taken(tmp_path):
    for name, at in (("old", 1.0), ("new", 3.0), ("middle", 2.0)):
        matrix(tmp_path / name, asking("pool", result_set(blocks=1, rounds=1, starts=0), created_at=at))
    article = audit.find_published("article")
    (found,) = command.newest_scenarios(article, tmp_path)
    assert found.head.created_at == 3.0
    assert command.newest_scenarios(article, tmp_path / "nowhere") == []
