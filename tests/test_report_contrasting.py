"""How a comparison is shown: a table, a sentence for each pair, and a warning that nobody overlooks."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from harness.compare import Contrast
from harness.errors import StoreError
from harness.model import Failure
from harness.report import contrasting, page
from tests import builders
from tests.builders import FASTAPI, FLASK
from tests.test_compare import compared, run, slower

BETWEEN = compared(run(1), run(2, throughputs=slower(0.2, FLASK), moment={"boot_id": "another"}))


def shown(found: Contrast, width: int = 110) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        page.show(contrasting.page(found), console)
    return captured.get()


def test_two_runs_are_shown_with_both_ratios_and_a_sentence_for_each_pair() -> None:
    text = page.markdown(contrasting.page(BETWEEN))
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{FLASK}`")]
    assert line.count("0.8") >= 2
    assert "| SLOWER |" in line
    assert f"* {FLASK}: SLOWER. As it stands and over control's alike. The smallest difference" in text
    assert "independent samples (Welch)" in text
    assert 'What else differs: boot_id: not known in A, "another" in B.' in text
    assert "* **SLOWER**: the 99 % interval" in text


def test_within_one_run_nothing_stands_over_controls() -> None:
    made = run(1)
    found = compared(made, made, FASTAPI, FLASK)
    text = page.markdown(contrasting.page(found))
    assert "control's" not in text
    assert f"`{FLASK} / {FASTAPI}`" in text
    assert "paired slice by slice" in text


def test_a_comparison_across_conditions_opens_with_a_warning() -> None:
    found = compared(run(1, blocks=8), run(2, blocks=8, identity={"kernel": "6.2"}))
    said = 'COMPARED ANYWAY: these runs were made under different conditions (kernel: "6.1" in A, "6.2" in B)'
    assert page.markdown(contrasting.page(found)).splitlines()[2].startswith(f"> **{said}")
    assert "COMPARED ANYWAY" in shown(found).splitlines()[1]
    assert contrasting.page(BETWEEN).warning is None


def test_a_pair_that_was_not_compared_says_so_and_has_no_figures() -> None:
    broken = builders.altered(run(2), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    text = page.markdown(contrasting.page(compared(run(1), broken)))
    assert f"* {FLASK}: Not compared: it is INVALID in B.\n" in text


@pytest.mark.parametrize("width", [60, 80, 110])
def test_every_width_of_terminal_shows_every_pair(width: int) -> None:
    text = shown(BETWEEN, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert all(pair.second.label in text for pair in BETWEEN.pairs)


def test_what_a_run_calls_itself_cannot_act() -> None:
    evil = BETWEEN.model_copy(update={"first": "<b>\x1b[31m|x"})
    assert "<b>" not in page.markdown(contrasting.page(evil))
    assert "\x1b" not in shown(evil)


def test_a_page_is_written_as_json_and_markdown(tmp_path: Path) -> None:
    page.write(tmp_path / "new", "compare", BETWEEN, contrasting.page(BETWEEN))
    assert Contrast.model_validate_json((tmp_path / "new" / "compare.json").read_text()) == BETWEEN
    assert (tmp_path / "new" / "compare.md").read_text() == page.markdown(contrasting.page(BETWEEN))


def test_a_page_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        page.write(tmp_path / "file", "compare", BETWEEN, contrasting.page(BETWEEN))
