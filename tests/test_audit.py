"""A published table is read strictly and stands beside our rows."""

from pathlib import Path

import pytest

from harness import audit
from harness.audit import PublishedTable, read_published
from harness.errors import InputError
from harness.model import Failure
from harness.summary import summarize
from tests.builders import DJANGO, FASTAPI, FLASK, MEMBERS, THROUGHPUTS, altered, result_set


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


def test_each_published_row_stands_beside_the_contender_of_its_app(article: PublishedTable) -> None:
    claims = summarize(result_set(), article).claims
    assert [claim.contender for claim in claims] == [FASTAPI, FLASK, DJANGO]
    assert [claim.claimed_ratio for claim in claims] == pytest.approx([1, 1200 / 9500, 850 / 9500])
    assert [claim.measured_ratio for claim in claims] == pytest.approx([1, 2500 / 4400, 1600 / 4400], rel=0.03)


def test_the_first_contender_of_an_app_stands_for_it(article: PublishedTable) -> None:
    other = MEMBERS[FLASK].model_copy(update={"label": "flask@sync", "deployment": "sync"})
    run = result_set({**THROUGHPUTS, "flask@sync": 9000.0}, members={**MEMBERS, "flask@sync": other})
    assert [claim.contender for claim in summarize(run, article).claims] == [FASTAPI, FLASK, DJANGO]


def test_ratios_are_to_the_published_first_row_whatever_our_reference(article: PublishedTable) -> None:
    run = result_set({FLASK: 2500.0, FASTAPI: 4400.0, DJANGO: 1600.0})
    assert run.head.plan.reference == FLASK
    ratios = [claim.measured_ratio for claim in summarize(run, article).claims]
    assert ratios == pytest.approx([1, 2500 / 4400, 1600 / 4400], rel=0.03)


def test_an_app_that_took_no_part_has_no_contender(article: PublishedTable) -> None:
    claims = summarize(result_set({FLASK: 2500.0, DJANGO: 1600.0}), article).claims
    assert [claim.contender for claim in claims] == [None, FLASK, DJANGO]
    assert [claim.measured_ratio for claim in claims] == [None, None, None]


def test_an_invalid_number_confirms_and_refutes_nothing(article: PublishedTable) -> None:
    run = altered(result_set(), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    ratios = [claim.measured_ratio for claim in summarize(run, article).claims]
    assert ratios == [1, None, pytest.approx(1600 / 4400, rel=0.03)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source = ", "cannot be read"),
        ('source = "a"\nhost = "b"\nconnections = 0\nrows = []', "connections"),
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
