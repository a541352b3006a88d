"""Occasions are kept line by line, and speak together only of what is the same."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from harness import occasions, report
from harness.errors import StoreError
from harness.model import Failure, Occasion, ResultSet, RunHead, Verdict
from harness.report import caveats, reproduced
from harness.summary import summarize
from tests.builders import CONTROL, DJANGO, FASTAPI, FLASK, MEMBERS, NULL, THROUGHPUTS, altered, result_set

DIGESTS = {"measuring": "m", "deriving": "d", "scenario json": "s", "app fastapi": "a", "app flask": "b"}


def run(seed: int = 1, digests: dict[str, str] | None = None, **changes: Any) -> ResultSet:
    """A run with a name, a moment and random noise of its own."""
    made = result_set(seed=seed, **{"blocks": 8, "rounds": 3, "starts": 1} | changes)
    return headed(made, name=f"run-{seed}", created_at=3600.0 * seed, digests=DIGESTS | (digests or {}))


def headed(made: ResultSet, **changes: Any) -> ResultSet:
    return made.model_copy(update={"head": made.head.model_copy(update=changes)})


def with_identity(made: ResultSet, **facts: Any) -> ResultSet:
    before = made.head.fingerprint
    return headed(made, fingerprint=before.model_copy(update={"identity": {**before.identity, **facts}}))


def of(made: ResultSet) -> Occasion:
    return occasions.occasion(made.head, summarize(made), "./bench reproduce")


@lru_cache
def of_four(*flask_per_s: float) -> tuple[Occasion, ...]:
    """Four occasions in which Flask has these throughputs; none given: always the same one."""
    rates = flask_per_s or (THROUGHPUTS[FLASK],) * 4
    return tuple(of(run(seed, throughputs={**THROUGHPUTS, FLASK: rate})) for seed, rate in enumerate(rates, 1))


# What a line says ----------------------------------------------------------------------------------------------------


def test_an_occasion_is_what_its_run_says_of_each_contender() -> None:
    made = run()
    summary = summarize(made)
    found = occasions.occasion(made.head, summary, "./bench reproduce")
    rows = {row.contender: row for row in found.rows}
    assert set(rows) == {FASTAPI, FLASK, DJANGO}, "yardsticks are none"
    (said,) = [row for row in summary.rows if row.member.label == FLASK]
    assert said.comparison
    assert rows[FLASK].ratio == said.comparison.ratio
    assert rows[FLASK].log_ratio == pytest.approx(math.log(said.comparison.ratio.value))
    assert 0 < (rows[FLASK].log_error or 0) < 0.02
    assert (rows[FASTAPI].ratio, rows[FASTAPI].log_ratio) == (None, None)
    assert rows[FLASK].duet is None
    assert found.control_per_s == pytest.approx(THROUGHPUTS[CONTROL], rel=0.03)
    assert (found.run, found.at, found.blocks, found.reference) == ("run-1", 3600.0, 8, FASTAPI)


def test_a_contender_that_failed_is_there_without_a_ratio() -> None:
    broken = altered(run(), "turn", FLASK, failure=Failure(stage="slice", message="gone"))
    (row,) = [row for row in of(broken).rows if row.contender == FLASK]
    assert (row.verdict, row.ratio, row.log_error) == ("INVALID", None, None)


# The file ------------------------------------------------------------------------------------------------------------


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "results" / "occasions.jsonl"
    assert occasions.read(path) == ()
    kept = of_four()
    for number, one in enumerate(kept, 1):
        occasions.append(path, one)
        assert occasions.read(path) == kept[:number]


def test_a_line_that_was_cut_off_is_left_out_and_gives_way_to_the_next_one(tmp_path: Path) -> None:
    path, (first, second, *_) = tmp_path / "occasions.jsonl", of_four()
    occasions.append(path, first)
    with path.open("a") as file:
        file.write('{"format": 1, "run')
    assert occasions.read(path) == (first,)
    occasions.append(path, second)
    assert occasions.read(path) == (first, second)


def test_of_a_run_that_was_added_twice_the_last_line_counts(tmp_path: Path) -> None:
    path, one = tmp_path / "occasions.jsonl", of(run())
    occasions.append(path, one)
    occasions.append(path, one.model_copy(update={"command": "again"}))
    assert [kept.command for kept in occasions.read(path)] == ["again"]


def test_a_line_that_is_no_occasion_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "occasions.jsonl"
    occasions.append(path, of(run()))
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(StoreError, match="line 2"):
        occasions.read(path)


def test_a_place_that_cannot_be_written_is_said_with_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as refused:
        occasions.append(tmp_path / "file" / "occasions.jsonl", of(run()))
    assert "--add RUN" in refused.value.hint


# What repeats what ---------------------------------------------------------------------------------------------------


def test_runs_that_differ_only_in_seed_hour_boot_kernel_and_derivation_are_one_series() -> None:
    first = run()
    plan = first.head.plan.model_copy(update={"seed": 99})
    again = with_identity(headed(run(2, {"deriving": "other"}), plan=plan), kernel="6.2", versions={FLASK: "4"})
    (series,) = occasions.all_series([of(again), of(first)])
    assert [one.run for one in series.occasions] == ["run-1", "run-2"], "in the order of their hours"
    assert occasions.series_of(again.head) == of(first).series


@pytest.mark.parametrize(
    "other",
    [
        run(2, blocks=9),
        run(2, connections=50),
        run(2, {"measuring": "other"}),
        run(2, {"app flask": "other"}),
        with_identity(run(2), cpu_model="another"),
        with_identity(run(2), wait="sleep"),
    ],
)
def test_another_plan_machine_or_code_is_another_series(other: ResultSet) -> None:
    assert len(occasions.all_series([of(run()), of(other)])) == 2


def test_a_series_pools_every_contender_but_the_reference() -> None:
    (series,) = occasions.all_series(of_four())
    assert set(series.pooled) == {FLASK, DJANGO}
    pooled = series.pooled[FLASK]
    assert pooled
    assert pooled.n == 4
    assert pooled.ratio.value == pytest.approx(THROUGHPUTS[FLASK] / THROUGHPUTS[FASTAPI], rel=0.03)


def test_a_ratio_in_doubt_is_left_out_of_what_occasions_say_together_and_that_is_said() -> None:
    (series,) = occasions.all_series([*of_four()[:3], doubted(of_four()[3], FLASK)])
    assert [one.n for one in series.pooled.values() if one] == [3, 4]
    assert any(said.endswith(f": {FLASK} 1.") for said in reproduced.remarks(series))
    (series,) = occasions.all_series([*of_four()[:3], doubted(of_four()[3], FASTAPI)])
    assert [one.n for one in series.pooled.values() if one] == [3, 3], "the reference is a side of every ratio"
    (series,) = occasions.all_series(of_four())
    assert not any("Left out" in said for said in reproduced.remarks(series))


def doubted(one: Occasion, label: str) -> Occasion:
    rows = (
        row.model_copy(update={"verdict": Verdict.UNSETTLED}) if row.contender == label else row for row in one.rows
    )
    return one.model_copy(update={"rows": tuple(rows)})


def test_duets_are_kept_beside_the_slices_and_pooled_apart() -> None:
    made = [run(seed, duets=2) for seed in range(1, 5)]
    (series,) = occasions.all_series(map(of, made))
    (said,) = [row for row in summarize(made[0]).rows if row.member.label == FLASK]
    (kept,) = [row for row in series.occasions[0].rows if row.contender == FLASK]
    assert said.duet
    assert kept.duet == said.duet.comparison.ratio != kept.ratio
    slices, duets = series.pooled[FLASK], series.pooled_duets[FLASK]
    assert slices
    assert duets
    assert duets.n == 4
    assert duets.ratio.value == pytest.approx(THROUGHPUTS[FLASK] / THROUGHPUTS[FASTAPI], rel=0.03)
    assert duets.ratio != slices.ratio


def test_occasions_without_duets_say_nothing_of_them_and_older_lines_are_such() -> None:
    (series,) = occasions.all_series(of_four())
    assert series.pooled_duets == {}
    older = of_four()[0].model_dump(mode="json")
    for row in older["rows"]:
        del row["duet"]
    assert Occasion.model_validate(older) == of_four()[0]


def test_too_few_occasions_say_nothing_together() -> None:
    (series,) = occasions.all_series(of_four()[:2])
    assert series.pooled == {FLASK: None, DJANGO: None}


# Beside a run --------------------------------------------------------------------------------------------------------


def test_occasions_speak_of_the_same_contenders_of_another_lineup_and_number_of_blocks() -> None:
    fewer = {label: THROUGHPUTS[label] for label in (FASTAPI, FLASK, NULL, CONTROL)}
    made = result_set(fewer, blocks=12, lineup="between")
    found = occasions.speaking_of(headed(made, digests=DIGESTS).head, of_four())
    assert set(found) == {FLASK}
    assert found[FLASK].n == 4


@pytest.mark.parametrize(
    "other",
    [
        run(connections=50),
        run(digests={"measuring": "other"}),
        run(digests={"scenario json": "other"}),
        run(digests={"app fastapi": "other"}),
        with_identity(run(), cpu_model="another"),
        with_identity(run(), wait="sleep"),
    ],
)
def test_occasions_are_silent_on_another_reference_scenario_load_machine_or_code(other: ResultSet) -> None:
    assert occasions.speaking_of(run().head, of_four())
    assert occasions.speaking_of(other.head, of_four()) == {}


def test_occasions_are_silent_on_a_contender_that_changed() -> None:
    changed = run(digests={"app flask": "other"})
    assert set(occasions.speaking_of(changed.head, of_four())) == {DJANGO}
    other = MEMBERS[FLASK].model_copy(update={"deployment": "gevent"})
    relabelled = run(members={**MEMBERS, FLASK: other})
    assert set(occasions.speaking_of(relabelled.head, of_four())) == {DJANGO}


def test_another_reference_is_another_ratio() -> None:
    turned = {label: THROUGHPUTS[label] for label in (FLASK, FASTAPI, DJANGO, NULL, CONTROL)}
    head: RunHead = headed(result_set(turned, blocks=8), digests=DIGESTS).head
    assert head.plan.reference == FLASK
    assert occasions.speaking_of(head, of_four()) == {}


def test_the_spread_stands_beside_the_interval_in_the_report_and_in_what_is_pasted() -> None:
    made = run()
    summary = summarize(made, pooled=occasions.speaking_of(made.head, of_four(2500, 2600, 2400, 2700)))
    (row,) = [row for row in summary.rows if row.member.label == FLASK]
    assert row.pooled
    said = caveats.varied(row.pooled)
    assert said.startswith("between 4 occasions it varied by ± ")
    assert f"; {said}." in str(caveats.compared(row))
    assert f"Ratio of `{FLASK}`: {said}." in report.paste(made, summary)
    assert "occasions" in dict(caveats.glossary(said))


def test_a_spread_that_cannot_be_told_from_the_intervals_is_said_so() -> None:
    (series,) = occasions.all_series(of_four())
    pooled = series.pooled[FLASK]
    assert pooled
    none = pooled.model_copy(update={"between": pooled.between.model_copy(update={"value": 0.0})})
    assert caveats.varied(none) == "between 4 occasions it varied no more than their intervals tell"


def test_without_occasions_a_summary_does_not_name_them() -> None:
    made = run()
    silent, spoken = summarize(made), summarize(made, pooled=occasions.speaking_of(made.head, of_four()))
    assert "pooled" not in silent.model_dump_json()
    assert spoken.model_dump_json().count('"pooled"') == 2
