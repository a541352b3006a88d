"""The command line as its users meet it: a process, its two streams, its exit code."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from harness import catalog, staleness
from harness.catalog import ROOT
from harness.cli import app, asking, examining, reproducing, steps
from harness.cli.output import ExitCode, complain
from harness.cli.steps import exit_code
from harness.hosts.local import LocalHost
from harness.model import Plan, Verdict
from tests import builders, summaries
from tests.engine_servers import answers, replies, says, served

LOCK = f"rematch-test-{os.getpid()}"  # tests may run while something else is being measured
COMMANDS: Mapping[str, Any] = vars(get_command(app))["commands"]
HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "locust", "gevent", "boto3"}


def bench(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "REMATCH_LOCK": LOCK, **environment},
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


@pytest.mark.parametrize("command", ["run", "verify", "serve"])
def test_help_shows_the_whole_of_a_specification(command):
    assert "[LABEL=][PATH:]app[@deployment]" in bench(command, "--help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_every_option_of_it_says_what_it_is(command):
    parameters = [one for one in COMMANDS[command].params if one.name != "help"]
    assert COMMANDS[command].help
    assert [one.name for one in parameters if not one.help] == []


@pytest.mark.parametrize(
    "field", ["connections", "load_processes", "blocks", "rounds", "starts", "dropped_starts", "no_bytecode_starts"]
)
def test_the_help_of_run_shows_the_default_of_the_plan(field):
    (option,) = [one for one in COMMANDS["run"].params if one.name == field]
    assert f"{Plan.model_fields[field].default} unless said otherwise" in option.help


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
        (["run", "json", "modle"], 'there is no scenario "modle"'),
        (["run", "json", "model", "--connections", "1,2"], "2 numbers of connections in 2 scenarios"),
        (["run", "all", "--lineup", "baselines"], "the reference `bare_asgi@uvicorn` takes no part in the scenario"),
        (["run", "json", "item", "--contenders", "bare_asgi,flask"], "to another contender in each scenario"),
        (["run", "--lineup", "fiar"], 'Did you mean "fair"?'),
        (["run", "--contenders", "flsk"], 'Did you mean "flask"?'),
        (["run", "--contenders", "flask@gtread,fastapi@x"], 'there is no deployment of fastapi "x"'),
        (["run", "--contenders", "../x=flask"], "cannot be a label"),
        (["run", "--app", "/nonexistent"], "cannot be read"),
        (["run", "--reference", "nobody"], 'there is no contender "nobody"'),
        (["run", "--engine", "wrk"], 'there is no engine "wrk"'),
        (["run", "--connections", "0"], "--connections"),
        (["run", "--connections", "1,many"], '--connections "1,many" is not a number from 1 to 10,000'),
        (["run", "--connections", "10,10"], '--connections "10,10" is not'),
        (["run", "--connections", "10,"], '--connections "10," is not'),
        (["ablate", "null"], "names no choice that could be ablated"),
        (["ablate", "flsk"], 'Did you mean "flask"?'),
        (["run", "--blocks", "many"], "--blocks"),
        (["run", "--quick", "--publish"], "choose one"),
        (["run", "--colour"], "No such option"),
        (["run", "--resume", "/nonexistent"], "does not exist"),
        (["report", "/nonexistent"], "does not exist"),
        (["reproduce", "--every", "25"], '"25" is no duration'),
        (["reproduce", "--add", "/nonexistent"], "does not exist"),
        (["run", "--load-processes", "0"], "--load-processes"),
        (
            ["run", "--dry-run", "--connections", "2", "--load-processes", "3"],
            "3 generators cannot share 2 connections",
        ),
        (["drive", "http://127.0.0.1:1", "--connections", "2", "--load-processes", "3"], "cannot share 2 connections"),
        (["drive", "http://127.0.0.1:1", "--web", "--load-processes", "2"], "shows what a single generator does"),
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


@pytest.mark.parametrize(
    "given",
    [
        ["model"],
        ["--blocks", "3"],
        ["--lineup", "fair"],
        ["--contenders", "flask"],
        ["--quick"],
        ["--out", "elsewhere"],
    ],
)
def test_nothing_that_the_plan_has_settled_can_be_given_together_with_resume(given):
    refused = bench("run", "--resume", "some-run", *given)
    assert refused.returncode == 2
    assert f"cannot be given together with {given[0] if given[0].startswith('-') else 'scenario'}" in refused.stderr
    assert "hint:" in refused.stderr


def test_a_complaint_is_not_broken_into_lines_where_nobody_looks(capfd):
    complain("long " * 40, "longer " * 40)
    assert capfd.readouterr().err.count("\n") == 2


@pytest.mark.parametrize(
    ("verdicts", "quick", "code"),
    [
        ([Verdict.SERVER_BOUND, Verdict.CLIENT_BOUND], False, ExitCode.DONE),
        ([Verdict.SERVER_BOUND, Verdict.UNSETTLED], False, ExitCode.UNDECIDED),
        ([Verdict.SERVER_BOUND, Verdict.UNSETTLED], True, ExitCode.DONE),
        ([Verdict.INVALID, Verdict.UNSETTLED], False, ExitCode.INVALID),
        ([Verdict.INVALID, Verdict.UNSETTLED], True, ExitCode.INVALID),
    ],
)
def test_the_exit_code_of_a_run_is_its_worst_verdict(verdicts, quick, code):
    members = [builders.MEMBERS[label] for label in (builders.FASTAPI, builders.FLASK)]
    rows = [summaries.row(member, 1.0, 1.0, None, verdict=one) for member, one in zip(members, verdicts, strict=True)]
    assert exit_code(rows, quick=quick) == code


def test_a_verdict_on_a_yardstick_is_no_finding():
    rows = [summaries.row(builders.MEMBERS[builders.NULL], 1.0, 1.0, None, verdict=Verdict.INVALID)]
    assert exit_code(rows, quick=False) == ExitCode.DONE


def test_logs_are_kept_and_said_where_if_a_command_ends_badly(capfd):
    with pytest.raises(ValueError, match="badly"), steps.logs() as folder:
        raise ValueError("badly")
    assert str(folder) in capfd.readouterr().err
    folder.rmdir()


def test_logs_are_removed_if_a_command_ends_well_or_its_user_ends_it(capfd):
    with steps.logs() as well:
        pass
    with pytest.raises(SystemExit), steps.logs() as ended:
        raise SystemExit
    assert not well.exists()
    assert not ended.exists()
    assert capfd.readouterr().err == ""


def test_a_command_that_disturbs_a_run_warns_and_goes_on():
    with LocalHost(exclusive=True, lock=LOCK):
        warned = bench("verify", "null", "--scenario", "json")
    assert warned.returncode == 0
    assert "warning: Another run is measuring" in warned.stderr
    assert "This command disturbs it" in warned.stderr
    assert "warning" not in bench("verify", "null", "--scenario", "json").stderr


def test_verify_says_once_what_is_wrong_with_whom_and_keeps_the_log(tmp_path):
    manifest = 'title = "Broken"\n[deployments.plain]\ncommand = ["{python}", "-c", "exit(3)"]\n'
    (tmp_path / "app.toml").write_text(manifest)
    refused = bench("verify", f"odd={tmp_path}:", "--scenario", "json")
    assert refused.returncode == 1
    first, second, *_ = refused.stdout.splitlines()
    assert first.split() == ["json", "odd", "broken"]
    assert second == "    ended (exit code 3) before it answered."
    folder = Path(re.findall("logs are kept in (.*)", refused.stderr)[0])
    assert list(folder.glob("*/*odd*.log"))
    shutil.rmtree(folder)


def test_the_doctor_tells_facts_one_by_one_without_the_shapes_of_a_program():
    facts = {"moment": {"uptime_s": 12.0, "speed": {"alone_per_s": 2.5}}, "cpus": [0, 1], "siblings": [[0, 1]]}
    facts |= {"governor": None, "memory_bytes": 4096, "owns_core": True}
    assert list(examining.told(facts)) == [
        ("moment: uptime", "12.00 s"),
        ("moment: speed: alone", "2.50 per second"),
        ("cpus", "0, 1"),
        ("siblings", "0+1"),
        ("governor", "not known here"),
        ("memory", "4,096 bytes"),
        ("owns core", "yes"),
    ]


def test_the_doctor_says_which_limits_hold_and_which_committed_results_are_stale_and_fails_for_neither():
    said = bench("doctor", "--json")
    told = json.loads(said.stdout)
    limits = told["limits"]
    assert limits["mechanism"]
    assert limits["enforced"] == (limits["asked"] == {name: limits["held"][name] for name in limits["asked"]})
    assert limits["held"]["open_files"]
    assert told["stale"] == list(staleness.stale(ROOT, steps.is_derived))
    assert said.returncode == ExitCode.DONE


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path):
    said = bench("run", "--dry-run", "--out", str(tmp_path / "runs"))
    assert said.returncode == 0
    assert "fastapi@uvicorn" in said.stderr
    assert not (tmp_path / "runs").exists()


def test_who_asks_for_too_few_blocks_hears_of_it_before_they_are_measured():
    few, enough, quick = (bench("run", "--dry-run", *more).stderr for more in (["--blocks", "7"], [], ["--quick"]))
    assert "7 blocks: under 8 no interval is claimed, and no number is settled" in few
    assert "no number is settled" not in enough + quick


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("25m", 1500), ("1.5h", 5400)])
def test_a_duration_is_written_with_its_unit(text, seconds):
    assert reproducing.seconds(text) == seconds


def test_committed_runs_can_be_added_as_occasions_and_shown_without_measuring(tmp_path):
    kept = tmp_path / "occasions.jsonl"
    reference = ROOT / "results" / "reference" / "fair"
    added = bench("reproduce", "--add", str(reference), "--occasions", str(kept))
    assert added.returncode == 0, added.stderr
    assert "flask@gthread 0.438x" in added.stderr
    told = bench("reproduce", "--report", "--json", "--occasions", str(kept), "--out", str(tmp_path / "report"))
    (series,) = json.loads(told.stdout)
    assert (series["occasions"][0]["lineup"], series["pooled"]["flask@gthread"]) == ("fair", None)
    assert (tmp_path / "report" / "occasions.md").exists()


def test_a_dry_sweep_says_how_long_all_of_its_runs_take():
    one, four = (bench("run", "--dry-run", "--connections", counts).stderr for counts in ("10,20", "10,20,40,80"))
    assert "10, 20, 40, 80 connections" in four
    minutes = [int(re.findall(r"about (\d+) minutes", said)[0]) for said in (one, four)]
    assert minutes[0] < minutes[1]


def test_a_dry_matrix_says_who_sits_out_of_what_and_how_long_all_of_its_runs_take():
    one, three = (bench("run", *names, "--dry-run").stderr for names in (("json", "model"), ("json", "model", "typed")))
    assert 'Scenario "json", "model", "typed", line-up "fair": fastapi@uvicorn' in three
    minutes = [int(re.findall(r"about (\d+) minutes", said)[0]) for said in (one, three)]
    assert minutes[0] < minutes[1]
    out = bench("run", "json", "item", "--contenders", "flask,bare_wsgi", "--dry-run").stderr
    assert 'without a part in "item": bare_wsgi@gthread' in out


def test_a_dry_ablation_says_what_will_be_varied_and_does_nothing(tmp_path):
    said = bench("ablate", "flask", "--dry-run", "--out", str(tmp_path / "runs"))
    assert said.returncode == 0
    assert 'line-up "ablate-flask": flask@gthread, flask@sync-worker' in said.stderr
    assert not (tmp_path / "runs").exists()


def test_verify_says_who_cannot_serve_a_scenario_and_why_and_finds_nothing_wrong_with_that(tmp_path):
    (tmp_path / "app.toml").write_text(
        'title = "Odd"\nscenarios = ["json"]\n'
        '[deployments.plain]\ncommand = ["true"]\ncannot = { json = "it has no words." }\n'
    )
    asked = bench("verify", f"odd={tmp_path}:", "--scenario", "json", "--scenario", "model")
    assert asked.returncode == ExitCode.DONE
    assert [line.split(maxsplit=2) for line in asked.stdout.splitlines()] == [
        ["json", "odd", "cannot: it has no words"],
        ["model", "odd", "cannot: its app does not take part in this scenario"],
    ]
    told = json.loads(bench("verify", f"odd={tmp_path}:", "--scenario", "json", "--json").stdout)
    assert told == {"json": {"odd": "cannot: it has no words"}}


def test_the_list_says_who_cannot_serve_which_scenario_and_why():
    flask = catalog.read().apps["flask"]
    words = {"cannot": {"json": "it has no words."}}
    deployments = {**flask.deployments, "sync": flask.deployments["sync"].model_copy(update=words)}
    ablations = {**flask.ablations, "threads-8": flask.ablations["threads-8"].model_copy(update=words)}
    app = flask.model_copy(update={"deployments": deployments, "ablations": ablations})
    listed = asking._listing(catalog.read().model_copy(update={"apps": {"flask": app}}))
    assert listed["contenders"]["flask@sync"].endswith(" Cannot json: it has no words.")
    assert "no words" not in listed["contenders"]["flask@gthread"]
    assert "threads-1, threads-8 (Cannot json: it has no words.), " in listed["ablations"]["flask"]


def test_an_ablation_that_cannot_what_its_first_deployment_cannot_does_not_say_so_again():
    flask = catalog.read().apps["flask"]
    first = flask.deployments["gthread"].model_copy(update={"cannot": {"json": "it has no words"}})
    app = flask.model_copy(update={"deployments": {**flask.deployments, "gthread": first}})
    assert "threads-1, threads-8, " in asking._ablations(app)


def test_the_list_names_every_app_scenario_and_lineup():
    known, listed = catalog.read(), json.loads(bench("list", "--json").stdout)
    assert {name.partition("@")[0] for name in listed["contenders"]} == known.apps.keys()
    assert listed["scenarios"].keys() == known.scenarios.keys()
    assert listed["line-ups"].keys() == known.lineups.keys()
    assert listed["ablations"].keys() == {name for name, app in known.apps.items() if app.ablations}
    assert "threads: threads-1, threads-8" in listed["ablations"]["flask"]
    assert listed["versions (--matrix)"]["flask"].startswith("python, flask, werkzeug")
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


@pytest.mark.parametrize("more", [(), ("--load-processes", "2")])
def test_drive_says_which_answers_were_right_in_another_way(more):
    refusal = {"error": {"code": "rate_limited", "message": "Too many requests. Try again later."}}
    refused = says(429, json.dumps(refusal).encode(), "Retry-After: 9\r\n")
    with served(answers(refused, pause_s=0.002)) as (host, port):
        driven = bench("drive", f"http://{host}:{port}", "expensive", "--connections", "4", "--duration", "0.3", *more)
    assert driven.returncode == 0, driven.stderr
    (said,) = re.findall(r"([\d,]+) of ([\d,]+) answers were refused", driven.stdout)
    assert said[0] == said[1] != "0"
    assert ("2 generators together used" in driven.stdout) == bool(more)


def test_drive_says_what_was_wrong_with_answers_to_a_mix_and_shows_no_token():
    with served(replies(lambda request: says(404, b"{}") if request.path == "/top" else says(200, b"{}"))) as at:
        driven = bench(
            "drive", "http://{}:{}".format(*at), "mixed", "--connections", "4", "--duration", "0.3", "--json"
        )
    assert driven.returncode == ExitCode.FINDING
    facts = json.loads(driven.stdout)
    assert facts["by_request"] == {}
    assert set(facts["errors"]) == {"body", "status"}
    assert "eyJ" not in facts["first_error"]


def test_duets_that_a_scenario_cannot_have_are_not_left_out_in_silence():
    asked = bench("run", "item", "json", "--duets", "2", "--dry-run")
    assert "no duets in item:" in asked.stderr
    assert "no duets" not in bench("run", "item", "json", "--dry-run").stderr
