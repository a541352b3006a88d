"""A committed result says with what it was made; the doctor says which are older than today's code, and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness import provenance, staleness
from harness.catalog import ROOT
from harness.cli import steps
from harness.model import RunHead
from tests import builders

NAMES = ("measuring", "deriving", "scenario json", "app one")
RUN = "results/reference/fair"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One with all that digests are made of, and a reference run and two lines made by its code."""
    write(tmp_path / "infra/provision/a.py", "1")
    for name in (*provenance.MEASURING, *provenance.DERIVING):
        write(tmp_path / "harness" / name if "." in name else tmp_path / "harness" / name / "a.py", "1")
    write(tmp_path / "apps/one/main.py", "1")
    write(tmp_path / "scenarios/json.toml", "1")
    digests = provenance.today(tmp_path, NAMES)
    write(tmp_path / RUN / "run.json", json.dumps({"digests": digests, "command": ["run", "--lineup", "my fair"]}))
    line = {"line": "started", "digests": digests, "command": "./bench calibrate"}
    write(tmp_path / "results/ledger.jsonl", f"{json.dumps(line)}\n" * 2 + '{"line": "ended"}\n{"line": "star')
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def stale(checkout: Path, *, is_derived: bool = False) -> list[str]:
    return list(staleness.stale(checkout, lambda _: is_derived))


def test_what_was_made_by_todays_code_is_not_stale(checkout: Path) -> None:
    assert stale(checkout) == []


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ("harness/engines/a.py", "measuring"),
        ("harness/block.py", "measuring"),
        ("harness/schedule.py", "measuring"),
        ("apps/one/main.py", "app one"),
        ("scenarios/json.toml", "scenario json"),
    ],
)
def test_what_was_measured_by_other_code_is_to_be_measured_again_by_its_command(
    checkout: Path, changed: str, name: str
) -> None:
    write(checkout / changed, "2")
    other = f"by other code than today's ({name})"
    assert stale(checkout, is_derived=True) == [
        f"{RUN}: measured {other}: measure again: ./bench run --lineup 'my fair'",
        f"results/ledger.jsonl: 2 of 2 lines made {other}: make them again: ./bench calibrate",
    ]


@pytest.mark.parametrize("changed", ["harness/stats/a.py", "harness/guards/a.py", "harness/summary.py"])
def test_what_was_only_derived_by_other_code_needs_no_measuring(checkout: Path, changed: str) -> None:
    write(checkout / changed, "2")
    (run, _) = stale(checkout)
    assert run == f"{RUN}: derived by other code than today's, measured by the same: ./bench report {RUN}"
    assert [one.partition(":")[0] for one in stale(checkout, is_derived=True)] == ["results/ledger.jsonl"]


def test_a_run_of_a_matrix_is_derived_anew_with_all_the_others(checkout: Path) -> None:
    shutil.copytree(checkout / RUN, checkout / "results/reference/scenarios/json")
    write(checkout / "harness/summary.py", "2")
    said = [one for one in stale(checkout) if "scenarios/json" in one]
    assert [one.rpartition(": ")[2] for one in said] == ["./bench report results/reference/scenarios"]


def test_a_line_says_how_many_are_stale_of_those_that_say_with_what_they_were_made(checkout: Path) -> None:
    ledger = checkout / "results/ledger.jsonl"
    old = json.dumps({"measuring": "0" * 16, "app": "one", "scenario": "json"})
    write(ledger, f"{old}\n{ledger.read_text()}")
    (said,) = stale(checkout)
    assert said.startswith("results/ledger.jsonl: 1 of 3 lines made by other code than today's (measuring)")
    assert said.endswith("make them again: not kept")


def test_an_app_that_is_not_in_the_checkout_makes_nothing_stale(checkout: Path) -> None:
    shutil.rmtree(checkout / "apps/one")
    assert stale(checkout) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digests": 3}', '{"digests": {"measuring": null}}'])
def test_a_run_that_does_not_say_with_what_it_was_made_is_named(checkout: Path, text: str) -> None:
    write(checkout / RUN / "run.json", text)
    assert stale(checkout) == [f"{RUN}: its run.json does not say with what it was made."]


def test_a_run_whose_command_was_not_kept_is_still_named(checkout: Path) -> None:
    write(checkout / RUN / "run.json", json.dumps({"digests": {"measuring": "0" * 16}}))
    assert "its command was not kept" in stale(checkout)[0]


def test_a_summary_is_derived_just_if_todays_code_makes_the_same_of_what_was_measured(tmp_path: Path) -> None:
    folder = tmp_path / "article"
    shutil.copytree(ROOT / "results" / "reference" / "article", folder)
    assert steps.is_derived(folder)
    text = (folder / "summary.json").read_text()
    (folder / "summary.json").write_text(text.replace('"value": ', '"value": 1', 1))
    assert not steps.is_derived(folder)
    for broken in ("{}\n", "{"):
        (folder / "summary.json").write_text(broken)
        assert not steps.is_derived(folder)
    (folder / "summary.json").unlink()
    assert not steps.is_derived(folder)


def test_a_run_of_before_commands_were_kept_can_be_read() -> None:
    old: Mapping[str, Any] = builders.result_set(blocks=1, rounds=1).head.model_dump(exclude={"command"})
    assert RunHead.model_validate(old).command is None
