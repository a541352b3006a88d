"""What occasions say together, as tables for people and one document for programs."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from harness import occasions, report
from harness.model import Series, Verdict
from harness.report import format as written
from harness.report import reproduced
from tests.builders import DJANGO, FLASK
from tests.test_occasions import of, of_four, run


def series(size: int = 4) -> Series:
    (one,) = occasions.all_series(of_four(2500, 2600, 2400, 2700)[:size])
    return one


def shown(*every: Series) -> str:
    console = Console(width=140, color_system=None)
    with console.capture() as captured:
        report.show_series(every, console)
    return captured.get()


def test_the_title_says_what_was_repeated_how_often_and_over_how_long() -> None:
    said = reproduced.title(series())
    assert "4 occasions over 3.0 hours, 1 boot: line-up fair, scenario json, 100 connections, 8 blocks each" in said


def test_every_contender_has_a_line_with_its_spread_and_its_next_occasion() -> None:
    (flask, django) = reproduced.pooled(series()).lines
    pooled = series().pooled[FLASK]
    assert pooled
    assert [str(cell) for cell in flask[:2]] == [FLASK, "4"]
    assert flask[4].main.startswith("± ")
    assert flask[-1].main == f"{pooled.next_low:.3f} to {pooled.next_high:.3f}"
    assert django[6].main == f"{(series().pooled[DJANGO] or pooled).holding} of 4"


def test_every_occasion_has_a_line_with_what_its_own_run_said() -> None:
    lines = reproduced.occasions(series()).lines
    assert [line[0].main for line in lines] == ["run-1", "run-2", "run-3", "run-4"]
    assert len({line[3].main for line in lines}) > 1


def test_ratios_by_duet_have_a_line_and_a_column_of_their_own() -> None:
    (one,) = occasions.all_series(of(run(seed, duets=2)) for seed in range(1, 5))
    lines = reproduced.pooled(one).lines
    assert [str(line[0]) for line in lines] == [FLASK, DJANGO, f"{FLASK} (by duet)", f"{DJANGO} (by duet)"]
    assert lines[2][2].main != lines[0][2].main
    table = reproduced.occasions(one)
    assert table.heads[5].in_one_line == f"{FLASK} (by duet)"
    (row,) = [row for row in one.occasions[0].rows if row.contender == FLASK]
    assert row.duet
    assert table.lines[0][5] == written.ratio(row.duet)


def test_a_verdict_that_says_less_stands_beside_the_ratio() -> None:
    first, *others = series().occasions
    rows = tuple(row.model_copy(update={"verdict": Verdict.UNSETTLED}) for row in first.rows)
    (one,) = occasions.all_series([first.model_copy(update={"rows": rows}), *others])
    table = reproduced.occasions(one)
    assert [line[3].note.endswith("UNSETTLED") for line in table.lines] == [True, False, False, False]


def test_too_few_occasions_are_said_to_be_too_few() -> None:
    assert "Too few settled occasions with an interval" in " ".join(reproduced.remarks(series(2)))
    assert not any("Too few" in one for one in reproduced.remarks(series()))


def test_the_terminal_and_the_document_show_the_same() -> None:
    for text in (shown(series()), reproduced.markdown([series()])):
        for part in (FLASK, DJANGO, "run-3", "control", "next occasion"):
            assert part in text
    assert shown() == "", "nothing was measured, so nothing needs words"


def test_the_files_are_a_document_for_people_and_one_for_programs(tmp_path: Path) -> None:
    report.write_series(tmp_path / "new", [series()])
    (kept,) = json.loads((tmp_path / "new" / "occasions.json").read_text())
    assert Series.model_validate(kept) == series()
    assert (tmp_path / "new" / "occasions.md").read_text() == reproduced.markdown([series()])
