"""A published table is read strictly and stands beside our rows."""

from pathlib import Path
from typing import Any

import pytest

from harness import audit
from harness.audit import PublishedTable, read_published
from harness.errors import InputError
from harness.model import ClaimRow, Failure, ResultSet
from harness.summary import summarize
from tests import builders
from tests.builders import DJANGO, FASTAPI, FLASK, MEMBERS, NULL, THROUGHPUTS, altered, result_set


def claims(run: ResultSet, table: PublishedTable) -> tuple[ClaimRow, ...]:
    found = summarize(run, table).claims
    assert found is not None
    return found.rows


@pytest.fixture
def article() -> PublishedTable:
    return read_published()


def test_the_articles_table_is_as_published(article: PublishedTable) -> None:
    assert (article.host, article.connections) == ("AWS t3.medium", 100)
    assert [(row.title, row.requests_per_s, row.latency_s, row.cold_start_s) for row in article.rows] == [
        ("FastAPI (async)", 9500, 0.0023, 0.3),
        ("Flask (sync)", 1200, 0.0127, 0.8),
        ("Django REST", 850, 0.0184, 1.2),
    ]


def test_the_articles_latencies_do_not_follow_from_its_throughputs(article: PublishedTable) -> None:
    implied_s = [audit.implied_latency_s(article.connections, row.requests_per_s) for row in article.rows]
    assert implied_s == pytest.approx([0.010526, 0.083333, 0.117647], rel=1e-4)
    assert all(row.latency_s < implied / 4 for row, implied in zip(article.rows, implied_s, strict=True))


def test_the_article_claims_three_to_five_times_what_its_table_says_otherwise(article: PublishedTable) -> None:
    assert article.speedup == (3, 5)
    times = [article.rows[0].requests_per_s / row.requests_per_s for row in article.rows[1:]]
    assert times == pytest.approx([7.917, 11.176], abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({}, ["FastAPI (async)", "Flask (sync)", "Django REST"]),
        ({"scenario": "model"}, []),
        ({"engine": "fasthttp"}, []),
    ],
)
def test_the_article_stands_only_beside_runs_of_its_scenario_that_measure_servers(
    changes: dict[str, Any], titles: list[str]
) -> None:
    table = audit.published_for(builders.plan(**changes))
    assert [row.title for row in (table.rows if table else ())] == titles


def test_a_claim_carries_the_latency_that_its_own_throughput_implies(article: PublishedTable) -> None:
    assert [claim.implied_latency_s for claim in claims(result_set(), article)] == [
        audit.implied_latency_s(100, rate) for rate in (9500, 1200, 850)
    ]


def test_each_published_row_stands_beside_the_contender_of_its_app(article: PublishedTable) -> None:
    found = claims(result_set(), article)
    assert [claim.contender for claim in found] == [FASTAPI, FLASK, DJANGO]
    assert [claim.claimed_ratio for claim in found] == pytest.approx([1, 1200 / 9500, 850 / 9500])
    assert [claim.measured_ratio for claim in found] == pytest.approx([1, 2500 / 4400, 1600 / 4400], rel=0.03)


def test_the_first_contender_of_an_app_stands_for_it(article: PublishedTable) -> None:
    other = MEMBERS[FLASK].model_copy(update={"label": "flask@sync", "deployment": "sync"})
    run = result_set({**THROUGHPUTS, "flask@sync": 9000.0}, members={**MEMBERS, "flask@sync": other})
    assert [claim.contender for claim in claims(run, article)] == [FASTAPI, FLASK, DJANGO]


def test_ratios_are_to_the_published_first_row_whatever_our_reference(article: PublishedTable) -> None:
    run = result_set({FLASK: 2500.0, FASTAPI: 4400.0, DJANGO: 1600.0})
    assert run.head.plan.reference == FLASK
    ratios = [claim.measured_ratio for claim in claims(run, article)]
    assert ratios == pytest.approx([1, 2500 / 4400, 1600 / 4400], rel=0.03)


def test_only_rows_whose_app_took_part_are_shown(article: PublishedTable) -> None:
    found = claims(result_set({FLASK: 2500.0, DJANGO: 1600.0}), article)
    assert [claim.contender for claim in found] == [FLASK, DJANGO]
    assert [claim.measured_ratio for claim in found] == [None, None]


def test_a_run_without_any_of_its_apps_has_nothing_to_set_beside_it(article: PublishedTable) -> None:
    assert summarize(result_set({NULL: 50_000.0}), article).claims is None


def test_an_invalid_number_confirms_and_refutes_nothing(article: PublishedTable) -> None:
    run = altered(result_set(), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    ratios = [claim.measured_ratio for claim in claims(run, article)]
    assert ratios == [1, None, pytest.approx(1600 / 4400, rel=0.03)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source = ", "cannot be read"),
        ('source = "a"\nhost = "b"\nscenario = "json"\nconnections = 0\nrows = []', "connections"),
        ('source = "a"\nhost = "b"\nconnections = 1\ncolour = "red"\nrows = []', "colour"),
    ],
)
def test_a_table_that_says_what_it_may_not_is_refused_with_its_problems(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "somebody's.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=problem) as refused:
        read_published(path)
    assert str(path) in refused.value.message


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_published(tmp_path / "none.toml")
