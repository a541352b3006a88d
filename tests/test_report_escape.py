from __future__ import annotations

import pytest
from rich.console import Console

from harness.report import escape

ANSI = "\x1b[31mred\x1b[0m"


@pytest.mark.parametrize("text", [ANSI, "a\x00b", "a\u202eb", "a\u200bb", "a\x9bb", "a\ufeffb"])
def test_plain_text_has_no_invisible_characters(text: str) -> None:
    assert escape.plain(text).isprintable()


def test_plain_text_is_one_line() -> None:
    assert escape.plain("a\nb\r\nc\td\u2028e") == "a b c d e"


def test_markdown_shows_html_instead_of_obeying_it() -> None:
    assert escape.markdown("<script>alert('&')</script>") == "&lt;script&gt;alert('&amp;')&lt;/script&gt;"


def test_markdown_does_not_split_a_table_cell() -> None:
    assert escape.markdown("a|b") == "a\\|b"


def test_markdown_leaves_underscores_inside_words() -> None:
    assert escape.markdown("nr_throttled _no_") == "nr_throttled \\_no\\_"


def test_a_code_span_is_longer_than_every_fence_in_it() -> None:
    assert escape.code("a``b|c") == "``` a``b\\|c ```"


def test_prose_keeps_code_between_backticks_and_shows_the_rest_as_it_is() -> None:
    assert escape.prose("With `a_|b` and *<b>*") == "With `a_\\|b` and \\*&lt;b&gt;\\*"


def test_a_single_backtick_in_prose_is_shown() -> None:
    assert escape.prose("one ` only") == "one \\` only"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "\u200b=1", "＝1"])  # noqa: RUF001  # full-width
def test_no_csv_cell_starts_like_a_formula(text: str) -> None:
    assert escape.csv_text(text)[0] in "'\N{REPLACEMENT CHARACTER}"


def test_csv_leaves_harmless_text_alone() -> None:
    assert escape.csv_text("fastapi@uvicorn") == "fastapi@uvicorn"


def test_plain_text_cannot_style_a_terminal() -> None:
    console = Console(width=80, force_terminal=True, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(escape.plain(ANSI))
    assert "\x1b" not in captured.get()
