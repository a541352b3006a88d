"""Each claim of a published table stands as it must beside a run: one hand-made table for each way to stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from harness import audit, store
from harness.audit import Claim, Judged, PublishedTable, Standing
from harness.cli import auditing as command
from harness.cli.output import ExitCode
from harness.errors import InputError
from harness.model import Failure, Outcome, ResultSet, StartOutcome, StartVariant
from harness.report import auditing, page
from harness.summary import summarize
from tests import builders
from tests.builders import DJANGO, FASTAPI, FLASK, altered, result_set
from tests.test_cli_compare import stored

RUN = result_set(rounds=2, starts=20)
SUMMARY = summarize(RUN)
ON_ITS_HOST = RUN.model_copy(
    update={
        "head": RUN.head.model_copy(
            update={
                "fingerprint": RUN.head.fingerprint.model_copy(
                    update={"identity": {**RUN.head.fingerprint.identity, "product": "t9.tiny"}}
                )
            }
        )
    }
)

# What `builders` measures, so that all is as claimed but what a test changes.
ROWS: dict[str, dict[str, float]] = {
    "fastapi": {"requests_per_s": 4400, "latency_s": 100 / 4400, "cold_start_s": 0.45},
    "flask": {"requests_per_s": 2500, "latency_s": 100 / 2500, "cold_start_s": 0.22},
    "django_rest": {"requests_per_s": 1600, "latency_s": 100 / 1600, "cold_start_s": 0.39},
}


def table(*claims: Claim, instance: str | None = "t9.tiny", connections: int = 100, **changes: Any) -> PublishedTable:
    """A table that claims just what `builders` measures; figures that differ are given as app={figure: value}."""
    rows = [{"title": app.title(), "app": app, **figures, **changes.get(app, {})} for app, figures in ROWS.items()]
    fields = {"source": "a post", "host": "a cloud", "instance": instance, "scenario": "json"}
    return PublishedTable.model_validate({**fields, "connections": connections, "rows": rows, "claims": claims})


def judged(claim: Claim, run: ResultSet | None = None, **changes: Any) -> Judged:
    summary = summarize(run) if run else SUMMARY
    (found,) = audit.audit(table(claim, **changes), run or RUN, summary).claims
    return found


def claim(kind: str, *of: str, **more: Any) -> Claim:
    return Claim.model_validate({"says": "so it is", "kind": kind, "of": of, **more})


RATIO = claim("throughput ratio", "fastapi", "flask")
ORDER = claim("throughput order", "fastapi", "flask", "django_rest")
STARTS = claim("cold start ratio", "fastapi", "flask")
SAME = claim("scenario ratio", "fastapi", needs=["typed", "untyped"])
NEVER = claim("scenario answers", "fastapi", needs=["pool"], never=503)
STARTS_ORDER = claim("cold start order", "flask", "django_rest", "fastapi")


@pytest.mark.parametrize("kind", [RATIO, ORDER, STARTS, STARTS_ORDER])
def test_what_is_as_we_measured_is_reproduced(kind: Claim) -> None:
    assert judged(kind).standing is Standing.REPRODUCED


@pytest.mark.parametrize(
    ("per_s", "standing"),
    [
        (4400 * 1.08, Standing.REPRODUCED),
        (4400 * 0.92, Standing.REPRODUCED),
        (4400 * 1.2, Standing.ORDER_ONLY),
        (4400 * 0.8, Standing.ORDER_ONLY),
        (2200, Standing.NOT_REPRODUCED),
    ],
)
def test_a_ratio_is_reproduced_within_ten_percent_of_our_interval(per_s: float, standing: Standing) -> None:
    found = judged(RATIO, fastapi={"requests_per_s": per_s, "latency_s": 100 / per_s})
    assert found.standing is standing
    assert found.stated == pytest.approx((per_s / 2500, per_s / 2500))
    assert found.measured[0].value == pytest.approx(4400 / 2500, rel=0.03)


def test_a_ratio_of_two_that_are_alike_is_not_even_an_order() -> None:
    alike = result_set({**builders.THROUGHPUTS, FLASK: 4400.0}, rounds=2)
    found = judged(RATIO, alike)
    assert (found.standing, found.because) == (Standing.UNDECIDED, "The order cannot be told here.")


def test_the_order_of_two_that_are_alike_is_undecided() -> None:
    alike = result_set({**builders.THROUGHPUTS, FLASK: 1600.0}, rounds=2)
    found = judged(ORDER, alike)
    assert found.standing is Standing.UNDECIDED
    assert "cannot be told" in found.because


def test_one_pair_that_is_certainly_the_other_way_round_denies_an_order_whatever_the_others() -> None:
    found = judged(ORDER, result_set({**builders.THROUGHPUTS, FASTAPI: 2500.0, DJANGO: 4000.0}, rounds=2))
    assert found.standing is Standing.NOT_REPRODUCED
    assert found.because.startswith(f"The order of {FLASK} and {DJANGO} is another one here.")


def test_an_order_the_other_way_round_is_not_reproduced_and_ours_is_shown() -> None:
    found = judged(ORDER, result_set({**builders.THROUGHPUTS, FASTAPI: 1000.0}, rounds=2))
    assert found.standing is Standing.NOT_REPRODUCED
    assert found.order == (FLASK, DJANGO, FASTAPI)
    assert found.because.startswith(f"The order of {FASTAPI} and {FLASK} is another one here.")


def test_an_order_that_its_own_table_contradicts_is_inconsistent() -> None:
    found = judged(claim("throughput order", "flask", "fastapi"))
    assert (found.standing, found.because) == (Standing.INCONSISTENT, "Its own table has another order.")


def test_the_order_of_cold_starts_is_the_soonest_first() -> None:
    assert judged(STARTS_ORDER).order == (FLASK, DJANGO, FASTAPI)
    assert judged(claim("cold start order", "fastapi", "flask")).standing is Standing.INCONSISTENT


def test_a_ratio_of_cold_starts_counts_for_order_where_it_lies_elsewhere() -> None:
    assert judged(STARTS, fastapi={"cold_start_s": 0.9}).standing is Standing.ORDER_ONLY
    assert judged(STARTS, fastapi={"cold_start_s": 0.1}).standing is Standing.NOT_REPRODUCED


def test_words_that_its_own_table_contradicts_are_inconsistent() -> None:
    found = judged(claim("throughput ratio", "fastapi", "flask", "django_rest", times=(3, 5)))
    assert (found.standing, found.because) == (Standing.INCONSISTENT, "Its own table says 1.76 and 2.75 times.")
    assert found.stated == (3, 5)
    assert len(found.measured) == 2


def test_words_that_agree_with_its_table_are_held_against_every_ratio_of_ours() -> None:
    words = claim("throughput ratio", "fastapi", "flask", "django_rest", times=(1.7, 2.8))
    assert judged(words).standing is Standing.REPRODUCED
    slower = result_set({**builders.THROUGHPUTS, FLASK: 3800.0}, rounds=2)
    assert judged(words, slower).standing is Standing.ORDER_ONLY


@pytest.mark.parametrize(
    ("latency_s", "is_consistent"), [(0.0023, False), (0.0207, True), (0.0249, True), (0.1, False)]
)
def test_a_latency_is_inconsistent_where_littles_law_denies_it(latency_s: float, *, is_consistent: bool) -> None:
    found = judged(claim("latency", "fastapi"), ON_ITS_HOST, fastapi={"latency_s": latency_s})
    assert (found.standing is not Standing.INCONSISTENT) is is_consistent
    if not is_consistent:
        assert "100 busy connections at 4,400/s have a mean latency of 22.7 ms" in found.because


@pytest.mark.parametrize("measure", ["throughput", "latency", "cold start"])
def test_an_absolute_figure_is_tested_only_on_the_same_instance_type(measure: str) -> None:
    assert judged(claim(measure, "flask")).standing is Standing.OTHER_HOST
    assert judged(claim(measure, "flask"), ON_ITS_HOST, instance=None).standing is Standing.OTHER_HOST
    assert judged(claim(measure, "flask"), ON_ITS_HOST, instance="t3.medium").standing is Standing.OTHER_HOST
    assert judged(claim(measure, "flask"), ON_ITS_HOST).standing is Standing.REPRODUCED


@pytest.mark.parametrize(
    ("per_s", "standing"),
    [(2500 / 1.2, Standing.REPRODUCED), (2500 / 0.8, Standing.REPRODUCED), (1200, Standing.NOT_REPRODUCED)],
)
def test_an_absolute_figure_is_reproduced_within_a_quarter(per_s: float, standing: Standing) -> None:
    found = judged(claim("throughput", "flask"), ON_ITS_HOST, flask={"requests_per_s": per_s, "latency_s": 0.04})
    assert found.standing is standing


def test_a_claim_of_another_scenario_is_not_tested_yet() -> None:
    found = judged(SAME)
    assert found.standing is Standing.NOT_TESTED
    assert "typed and untyped" in found.because


def test_an_invalid_number_tests_nothing() -> None:
    broken = altered(RUN, "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    found = judged(RATIO, broken)
    assert (found.standing, found.because) == (Standing.NOT_TESTED, f"{FLASK} is INVALID here.")
    assert judged(claim("throughput", "flask"), broken).standing is Standing.NOT_TESTED
    assert judged(claim("throughput ratio", "fastapi", "django_rest"), broken).standing is Standing.REPRODUCED


def test_an_unsettled_number_decides_nothing_but_what_is_not_of_throughput() -> None:
    unsettled = altered(RUN, "recording", FLASK, connections=50)
    assert judged(RATIO, unsettled).standing is Standing.UNDECIDED
    assert judged(STARTS, unsettled).standing is Standing.REPRODUCED
    assert "UNSETTLED" not in judged(STARTS, unsettled).because
    assert judged(RATIO, unsettled).because.endswith(f" {FLASK} is UNSETTLED here.")
    assert "UNSETTLED" not in judged(claim("throughput ratio", "fastapi", "django_rest"), unsettled).because


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (result_set({FASTAPI: 4400.0}, rounds=2), "No contender of flask took part."),
        (result_set(rounds=2, connections=64), "Our run had 64 connections."),
        (result_set(rounds=2, blocks=7), "Our run is too short to claim an interval."),
        (result_set(rounds=2, finished=0), f"Of {FASTAPI} it was not measured."),
    ],
)
def test_a_run_that_lacks_something_does_not_test_the_claim(run: ResultSet, said: str) -> None:
    found = judged(RATIO, run)
    assert (found.standing, found.because) == (Standing.NOT_TESTED, said)


def test_cold_starts_do_not_hang_on_the_number_of_connections() -> None:
    assert judged(STARTS, result_set(rounds=2, starts=20, connections=64)).standing is Standing.REPRODUCED


def test_too_few_cold_starts_test_no_ratio_of_them() -> None:
    assert judged(STARTS, result_set(rounds=2, starts=5)).standing is Standing.NOT_TESTED


def test_only_starts_with_a_warm_page_cache_are_compared() -> None:
    """Starts of all variants are counted from 0 on; the others are two and three times as slow here."""
    more = result_set(rounds=2, starts=20, dropped_starts=20, no_bytecode_starts=20)
    assert {start.variant for start in more.starts} == {*StartVariant}
    (found,) = judged(STARTS, more).measured
    assert found == judged(STARTS, more.model_copy(update={"outcomes": warm(more)})).measured[0]
    assert found.value == pytest.approx(0.45 / 0.22, rel=0.1)


def warm(run: ResultSet) -> tuple[Outcome, ...]:
    return tuple(
        one for one in run.outcomes if not (isinstance(one, StartOutcome) and one.variant is not StartVariant.WARM)
    )


def test_what_differs_in_our_way_of_testing_stands_beside_the_reason() -> None:
    said = RATIO.model_copy(update={"caveat": "Ours is another one."})
    assert judged(said).because == "It lies in our interval, widened by 10 %. Ours is another one."


def test_the_audit_says_who_stands_for_which_row() -> None:
    found = audit.audit(table(RATIO), RUN, SUMMARY)
    assert found.contenders == {"Fastapi": FASTAPI, "Flask": FLASK, "Django_Rest": DJANGO}
    assert (found.run, found.lineup) == (RUN.head.name, "fair")


# The file -------------------------------------------------------------------------------------------------------------

HEAD = 'source = "a"\nhost = "b"\nscenario = "json"\nconnections = 1\n'
ROW = '[[rows]]\ntitle = "A"\napp = "a"\nrequests_per_s = 1\nlatency_s = 1\ncold_start_s = 1\n'


@pytest.mark.parametrize(
    ("claims", "problems"),
    [
        ('[[claims]]\nsays = "x"\nkind = "speed"\n', ["claims.0.kind"]),
        ('[[claims]]\nsays = "x"\nkind = "throughput"\n', ["names 1 in `of`, not 0"]),
        ('[[claims]]\nsays = "x"\nkind = "throughput ratio"\nof = ["a"]\n', ["names 2 in `of`, not 1"]),
        ('[[claims]]\nsays = "x"\nkind = "throughput"\nof = ["a"]\ntimes = [1, 2]\n', ["states no `times`"]),
        ('[[claims]]\nsays = "x"\nkind = "throughput"\nof = ["a"]\nneeds = ["b"]\n', ["takes 0 scenarios in `needs`"]),
        (
            '[[claims]]\nsays = "x"\nkind = "scenario ratio"\nneeds = ["b"]\n',
            ["names 1 in `of`, not 0", "takes 2 scenarios in `needs`, not 1"],
        ),
        ('[[claims]]\nsays = "x"\nkind = "scenario answers"\nof = ["a"]\nneeds = ["b"]\n', ["`never`"]),
        ('[[claims]]\nsays = "x"\nkind = "throughput"\nof = ["a"]\nnever = 503\n', ["`never`"]),
        (
            '[[claims]]\nsays = "x"\nkind = "cold start ratio"\nof = ["a", "a"]\ntimes = [2, 1]\n',
            ["from and to", "stands twice"],
        ),
        ('[[claims]]\nsays = "x"\nkind = "throughput"\nof = ["b"]\n', ['is about "b", of which there is no row']),
        (ROW, ['two rows are of the app "a"']),
        (
            '[[claims]]\nkind = "speed"\n[[claims]]\nsays = "x"\nkind = "latency"\n[[claims]]\ncolour = 1\n',
            ["claims.0.says", "claims.0.kind", "claims.1", "claims.2.colour"],
        ),
    ],
)
def test_what_a_claim_may_not_say_is_refused_with_all_problems(
    tmp_path: Path, claims: str, problems: list[str]
) -> None:
    path = tmp_path / "post.toml"
    path.write_text(HEAD + ROW + claims)
    with pytest.raises(InputError) as refused:
        audit.find_published(str(path))
    assert [problem for problem in problems if problem not in refused.value.message] == []


def test_a_table_is_found_by_its_name_or_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "post.toml").write_text(HEAD + ROW)
    assert audit.find_published(str(tmp_path / "post.toml")).source == "a"
    assert audit.find_published("article").source == "the article"
    with pytest.raises(InputError, match='no published table "post"') as refused:
        audit.find_published("post")
    assert "article" in refused.value.hint


# The article ----------------------------------------------------------------------------------------------------------


def test_every_figure_of_the_articles_table_is_claimed() -> None:
    article = audit.find_published("article")
    asked = {(one.kind, app) for one in article.claims for app in one.of}
    for kind in ("throughput", "latency", "cold start", "throughput ratio", "cold start ratio"):
        assert {app for found, app in asked if found == kind} == {row.app for row in article.rows}, kind


def test_the_article_contradicts_itself_in_its_words_and_in_each_latency_whatever_we_measure() -> None:
    found = audit.audit(audit.find_published("article"), RUN, SUMMARY).claims
    inconsistent = [one for one in found if one.standing is Standing.INCONSISTENT]
    assert [one.claim.kind for one in inconsistent] == ["throughput ratio", "latency", "latency", "latency"]
    assert inconsistent[0].because == "Its own table says 7.92 and 11.2 times."


# As it is shown, and as a command -------------------------------------------------------------------------------------


def test_claims_with_the_same_reason_share_a_sentence() -> None:
    kinds = [claim("throughput", app) for app in ROWS] + [RATIO]
    lines = auditing.page(audit.audit(table(*kinds), RUN, SUMMARY)).remarks
    assert lines[0] == "1, 2, 3: An absolute figure is one machine's, and this is no t9.tiny."
    assert lines[1].startswith("4: ")


def test_a_claim_cannot_act_on_the_page() -> None:
    evil = claim("throughput", "flask").model_copy(update={"says": "<b>|x"})
    text = page.markdown(auditing.page(audit.audit(table(evil), RUN, SUMMARY)))
    assert "<b>" not in text
    assert "\\|x" in text


def test_every_way_to_stand_is_explained() -> None:
    assert auditing.WORDS.keys() == set(Standing)


def test_the_newest_run_of_the_tables_lineup_is_taken(tmp_path: Path) -> None:
    made: tuple[tuple[str, dict[str, Any], float], ...] = (
        ("old", {}, 1.0),
        ("new", {}, 3.0),
        ("middle", {}, 2.0),
        ("another scenario", {"scenario": "model"}, 4.0),
        ("another engine", {"engine": "fasthttp"}, 5.0),
        ("another line-up", {"lineup": "article"}, 6.0),
    )
    for name, changes, created_at in made:
        head = result_set({FASTAPI: 4400.0}, blocks=1, rounds=1, starts=0, **changes).head
        (tmp_path / name).mkdir()
        store.write_head(tmp_path / name, head.model_copy(update={"name": name, "created_at": created_at}))
    any_lineup, fair, between = (table().model_copy(update={"lineup": one}) for one in (None, "fair", "between"))
    assert command.newest(fair, tmp_path).head.name == "new"
    assert command.newest(any_lineup, tmp_path).head.name == "another line-up"
    with pytest.raises(InputError, match="no reference run"):
        command.newest(between, tmp_path)


def test_the_audit_of_the_article_is_a_table_and_fails_only_where_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    command.audit()
    assert "inconsistent as stated" in capsys.readouterr().out
    with pytest.raises(typer.Exit) as ended:
        command.audit(fail=True, json=True)
    assert ended.value.exit_code == ExitCode.FINDING
    assert json.loads(capsys.readouterr().out)["lineup"] == "article"


def test_a_table_all_of_whose_claims_hold_does_not_fail(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", RUN)
    path = tmp_path / "post.toml"
    row = '[[rows]]\ntitle = "{0}"\napp = "{0}"\nrequests_per_s = {1}\nlatency_s = {2}\ncold_start_s = 1\n'
    rows = "".join(row.format(app, ROWS[app]["requests_per_s"], ROWS[app]["latency_s"]) for app in ("fastapi", "flask"))
    claims = '[[claims]]\nsays = "faster"\nkind = "throughput ratio"\nof = ["fastapi", "flask"]\n'
    path.write_text(HEAD.replace("= 1\n", "= 100\n") + rows + claims)
    command.audit(str(path), Path(run), fail=True, out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["claims"][0]["standing"] == "reproduced"
    assert "reproduced" in (tmp_path / "out" / "audit.md").read_text()


def test_a_run_of_another_scenario_cannot_be_held_against_the_table(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", result_set(scenario="model", blocks=1, rounds=1, starts=0))
    with pytest.raises(InputError, match="does not measure what this table speaks of"):
        command.audit("article", Path(run))
