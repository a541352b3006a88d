"""`./bench compare` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from harness import store
from harness.catalog import ROOT
from harness.cli import contrasting
from harness.cli.output import ExitCode
from harness.errors import RematchError
from harness.model import Failure, ResultSet
from tests import builders
from tests.builders import CONTROL, FASTAPI, FLASK
from tests.test_cli import bench
from tests.test_compare import compared, run, slower

REFERENCE = ROOT / "results" / "reference"
FAIR, BETWEEN = (str(REFERENCE / name) for name in ("fair", "between"))
BROKEN = Failure(stage="slice", message="gone")


def stored(folder: Path, made: ResultSet) -> str:
    folder.mkdir()
    store.write_head(folder, made.head)
    for outcome in made.outcomes:
        store.append(folder, outcome)
    return str(folder)


def called(*arguments: str, **options: Any) -> ExitCode:
    """The command, called in this process; its exit code."""
    with pytest.raises(typer.Exit) as ended:
        contrasting.compare(*arguments, **options)
    return ExitCode(ended.value.exit_code)


def test_two_reference_runs_are_compared_as_a_table() -> None:
    said = bench("compare", FAIR, BETWEEN)
    assert said.returncode == 0, said.stderr
    assert "fastapi@uvicorn" in said.stdout


def test_json_is_one_document_with_the_yardsticks_last(capsys: pytest.CaptureFixture[str]) -> None:
    called(FAIR, BETWEEN, json=True)
    found = json.loads(capsys.readouterr().out)
    assert [pair["second"]["label"] for pair in found["pairs"]][-2:] == ["null", "control"]
    assert found["differences"]["conditions"] == []


def test_two_contenders_of_one_run_are_compared_and_written(tmp_path: Path) -> None:
    assert called(f"{BETWEEN}:fastapi@uvicorn", f"{BETWEEN}:flask@gthread", out=tmp_path / "out") is ExitCode.DONE
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["compare.json", "compare.md"]


def test_other_conditions_are_refused_and_named_and_compared_anyway_under_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = stored(tmp_path / "first", run(1, blocks=1))
    second = stored(tmp_path / "second", run(2, blocks=1, identity={"kernel": "6.2"}))
    refused = bench("compare", first, second)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert 'kernel: "6.1" in A, "6.2" in B' in refused.stderr
    assert "--anyway" in refused.stderr
    assert called(first, second, anyway=True) is ExitCode.DONE
    assert "COMPARED ANYWAY" in capsys.readouterr().out


def test_a_folder_whose_name_holds_a_colon_is_a_run(tmp_path: Path) -> None:
    first = stored(tmp_path / "a:b", run(1, blocks=1))
    second = stored(tmp_path / "c", run(2, blocks=1))
    assert called(f"{first}:{FLASK}", second) is ExitCode.DONE
    assert called(first, second) is ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([FAIR, FAIR], "both are the run"),
        ([f"{FAIR}:nobody", BETWEEN], 'no contender "nobody"'),
        ([FAIR, f"{REFERENCE}/article"], "no contender in common"),
        ([FAIR, "/nonexistent"], "does not exist"),
        ([FAIR, "/nonexistent:flask"], "does not exist"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_error(arguments: list[str], said: str) -> None:
    with pytest.raises(RematchError, match=said):
        contrasting.compare(*arguments)


QUIET: dict[str, Any] = {"noise": 0.005, "block_noise": 0.005}


@pytest.mark.parametrize(
    ("second", "without", "asked"),
    [
        (run(2, **QUIET), ExitCode.DONE, ExitCode.DONE),
        (run(2, **QUIET, throughputs=slower(-0.2, FLASK)), ExitCode.DONE, ExitCode.DONE),
        (run(2, **QUIET, throughputs=slower(0.2, FLASK)), ExitCode.DONE, ExitCode.FINDING),
        (run(2, **QUIET, throughputs=slower(0.2, CONTROL)), ExitCode.DONE, ExitCode.UNDECIDED),
        (run(2, blocks=7), ExitCode.DONE, ExitCode.UNDECIDED),
        (builders.altered(run(2), "turn", FASTAPI, failure=BROKEN), ExitCode.INVALID, ExitCode.INVALID),
    ],
)
def test_the_exit_code_says_invalid_before_slower_before_undecided(
    second: ResultSet, without: ExitCode, asked: ExitCode
) -> None:
    found = compared(run(1, **QUIET), second)
    assert contrasting.exit_code(found, fail_on_slower=False) is without
    assert contrasting.exit_code(found, fail_on_slower=True) is asked
