from __future__ import annotations

import re

from harness.report import document, pictures
from tests import builders, summaries
from tests.test_report_tables import CEILING

RUN = builders.result_set(blocks=2, rounds=2, starts=2, duets=1, open_blocks=1, other_wait_blocks=1)
TEXT = document.markdown(RUN, summaries.summary(RUN, [CEILING], claims=summaries.CLAIMS))


def test_the_report_goes_from_the_result_to_where_it_comes_from() -> None:
    sections = [line.split("(")[0].strip() for line in TEXT.splitlines() if line.startswith("## ")]
    assert [section.removeprefix("## ").split(",")[0] for section in sections] == [
        "Result",
        "Doubts",
        "The ratio by other means",
        "Latency",
        "Measured here",
        "What it cost",
        "How it was served",
        "Words",
        "Where this comes from",
    ]


def test_what_every_guard_saw_is_folded_away_at_the_end() -> None:
    found = re.search(r"<details><summary>What every guard saw</summary>\n\n(.*)\n</details>\n$", TEXT, re.DOTALL)
    assert found is not None
    assert CEILING.evidence.split(".")[0] in found[1]


def test_every_chart_is_shown_with_words_for_those_who_do_not_see_it() -> None:
    for picture in pictures.PICTURES:
        assert f'<img alt="{picture.alt}" src="charts/{picture.name}-light.svg">' in TEXT


def test_the_article_is_set_against_its_own_numbers() -> None:
    assert "10.5 ms at 9,500/s" in TEXT
