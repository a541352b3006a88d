"""The command line as its users meet it: a process, its two streams, its exit code."""

import json
import os
import re
import subprocess
import sys

import pytest

from harness.catalog import ROOT

HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "locust", "gevent"}


def bench(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_teaches_with_three_examples():
    helped = bench("--help")
    assert helped.returncode == 0
    assert len(re.findall(r"\./bench run", helped.stdout)) == 3


def test_bench_alone_is_help():
    assert "Examples" in bench().stdout


def test_help_imports_nothing_heavy():
    said = bench("run", "--help", PYTHONPROFILEIMPORTTIME="1")
    assert said.returncode == 0
    imported = {line.split("|")[-1].strip().partition(".")[0] for line in said.stderr.splitlines()}
    assert "pydantic" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "jsno"], 'there is no scenario "jsno"'),
        (["run", "--lineup", "fiar"], 'Did you mean "fair"?'),
        (["run", "--contenders", "flsk"], 'Did you mean "flask"?'),
        (["run", "--contenders", "flask@gtread,fastapi@x"], 'there is no deployment of fastapi "x"'),
        (["run", "--contenders", "../x=flask"], "cannot be a label"),
        (["run", "--app", "/nonexistent"], "cannot be read"),
        (["run", "--reference", "nobody"], 'there is no contender "nobody"'),
        (["run", "--engine", "wrk"], 'there is no engine "wrk"'),
        (["run", "--connections", "0"], "--connections"),
        (["run", "--blocks", "many"], "--blocks"),
        (["run", "--quick", "--publish"], "choose one"),
        (["run", "--colour"], "No such option"),
        (["run", "--resume", "/nonexistent"], "does not exist"),
        (["report", "/nonexistent"], "does not exist"),
        (["drive", "ftp://127.0.0.1"], "no address"),
        (["drive", "http://127.0.0.1:99999"], "no address"),
        (["serve", "nobody"], 'there is no app "nobody"'),
        (["verify", "nobody"], 'there is no app "nobody"'),
        (["dance"], "No such command"),
    ],
)
def test_bad_input_is_one_clear_error_and_exit_code_2(arguments, said):
    refused = bench(*arguments)
    assert refused.returncode == 2, refused.stderr
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path):
    said = bench("run", "--dry-run", "--out", str(tmp_path / "runs"))
    assert said.returncode == 0
    assert "fastapi@uvicorn" in said.stderr
    assert not (tmp_path / "runs").exists()


def test_the_list_names_every_app_scenario_and_lineup():
    listed = json.loads(bench("list", "--json").stdout)
    assert {"fastapi@uvicorn", "flask@gthread", "django_rest@gthread"} <= listed["contenders"].keys()
    assert {"json", "model"} <= listed["scenarios"].keys()
    assert {"fair", "article"} <= listed["line-ups"].keys()
    assert "fastapi@uvicorn" in bench("list").stdout


def test_progress_and_errors_never_stand_on_standard_output():
    said = bench("run", "--dry-run")
    assert said.stdout == ""


def test_the_callers_python_settings_do_not_matter():
    odd = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "WEB_CONCURRENCY": "7",
        "PYTHONHASHSEED": "1",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    assert bench("run", "--dry-run", "--seed", "1", **odd).stderr == bench("run", "--dry-run", "--seed", "1").stderr
