"""The whole program on real servers and real load, kept short: it works, it can be stopped, nothing stays behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import campaign, catalog, prepare, store
from harness.catalog import ROOT
from harness.cli import steps
from harness.hosts.local import LocalHost

LOCK = f"rematch-test-{os.getpid()}"  # tests may run while something else is being measured
SHORT = (
    "--quick",
    "--blocks",
    "2",
    "--rounds",
    "2",
    "--starts",
    "1",
    "--connections",
    "10",
    "--contenders",
    "flask@gthread",
)


def command(*arguments):
    return [sys.executable, "-m", "harness", *arguments]


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT), "REMATCH_LOCK": LOCK, **more}


def bench(*arguments, **more):
    return subprocess.run(
        command(*arguments), env=environment(**more), capture_output=True, text=True, check=False, timeout=120
    )


def run_folder(out):
    (folder,) = Path(out).iterdir()
    return folder


def group_is_gone(leader):
    """Whether no process has the environment marker that a started harness hands down."""
    return not [
        path
        for path in Path("/proc").glob("[0-9]*/environ")
        if int(path.parent.name) != os.getpid() and str(leader).encode() in _read(path)
    ]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs in a folder with ümlauts")
    odd = {"PYTHONDONTWRITEBYTECODE": "1", "WEB_CONCURRENCY": "7", "PYTHONPATH": f"/nonexistent:{ROOT}"}
    done = bench("run", *SHORT, "--out", str(out), "--json", **odd)
    assert done.returncode == 0, done.stderr
    return done, run_folder(out)


def test_a_run_ends_with_one_json_document_and_a_folder(finished):
    done, folder = finished
    summary = json.loads(done.stdout)
    assert summary["blocks_finished"] == 2
    (row,) = [row for row in summary["rows"] if row["member"]["label"] == "flask@gthread"]
    assert row["requests_per_s"]["value"] > 0
    assert row["ready_s"]["value"] > 0
    assert row["processes"] == 2, "WEB_CONCURRENCY of the caller reached the server"
    assert {"run.json", "outcomes.jsonl", "summary.json", "summary.csv", "report.md", "charts", "logs"} <= {
        path.name for path in folder.iterdir()
    }


def test_a_run_keeps_the_command_that_made_it(finished):
    _, folder = finished
    assert store.read(folder).head.command == ("run", *SHORT, "--out", str(folder.parent), "--json")
    assert "command: ./bench run --quick" in (folder / "report.md").read_text(encoding="utf-8")


def test_a_report_derived_again_is_the_same_to_the_byte(finished, tmp_path):
    _, folder = finished
    derived = ("summary.json", "summary.csv", "report.md", *(f"charts/{p.name}" for p in (folder / "charts").iterdir()))
    before = {name: (folder / name).read_bytes() for name in derived}
    again = bench("report", str(folder), "--out", str(tmp_path), TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="3")
    assert again.returncode == 0, again.stderr
    assert {name: (tmp_path / name).read_bytes() for name in derived} == before


def test_paste_is_a_table_and_a_line_of_provenance(finished):
    _, folder = finished
    pasted = bench("report", str(folder), "--paste").stdout
    assert "flask@gthread" in pasted
    assert "10 connections" in pasted


def test_a_finished_run_resumes_to_nothing_and_another_code_is_refused(finished):
    _, folder = finished
    again = bench("run", "--resume", str(folder))
    assert again.returncode == 0, again.stderr
    head = (folder / "run.json").read_text()
    measuring = store.read(folder).head.digests["measuring"]
    (folder / "run.json").write_text(head.replace(measuring, "0" * 16))
    refused = bench("run", "--resume", str(folder))
    (folder / "run.json").write_text(head)
    assert refused.returncode == 2
    assert "made with something else" in refused.stderr


def test_occasions_are_ordinary_runs_and_are_counted_when_it_is_called_again(tmp_path):
    short = ("--blocks", "1", "--rounds", "1", "--starts", "0", "--connections", "10", "--contenders", "flask@gthread")
    kept, runs = tmp_path / "occasions.jsonl", tmp_path / "runs"
    again = ("reproduce", *short, "--every", "1h", "--occasions", str(kept), "--runs", str(runs))
    first = bench(*again, "--times", "1", "--json")
    assert first.returncode == 0, first.stderr
    ((one,),) = [series["occasions"] for series in json.loads(first.stdout)]
    assert one["run"] == run_folder(runs).name
    assert (run_folder(runs) / "report.md").exists()
    waiting = subprocess.Popen(command(*again, "--times", "2"), env=environment(), stderr=subprocess.PIPE, text=True)
    while "Ctrl-C" not in waiting.stderr.readline():
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    assert len(kept.read_text().splitlines()) == 1, "it waited for its hour"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_run_ends_nothing_stays_behind_and_it_can_be_gone_on_with(tmp_path, how):
    marker = f"rematch-test-{os.getpid()}-{how.name}"
    started = subprocess.Popen(
        command("run", *SHORT, "--out", str(tmp_path)),
        env=environment(HOME=str(tmp_path / marker)),  # servers get HOME and nothing else of ours: it marks them
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for(lambda: _outcomes(tmp_path) > 4)
    assert not group_is_gone(marker)
    started.send_signal(how)
    _, said = started.communicate(timeout=20)
    assert started.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[how], said
    assert "Traceback" not in said
    _wait_for(lambda: group_is_gone(marker))
    folder = run_folder(tmp_path)
    assert len(store.read(folder).outcomes) > 4
    if how is not signal.SIGKILL:  # the worst of them; the others leave no less behind to go on with
        return
    resumed = bench("run", "--resume", str(folder))
    assert resumed.returncode == 0, resumed.stderr
    assert len(store.read(folder).blocks) == 2


def test_two_runs_at_once_are_refused(tmp_path):
    with LocalHost(exclusive=True, lock=LOCK):
        refused = bench("run", *SHORT, "--out", str(tmp_path))
    assert refused.returncode == 2
    assert "another run" in refused.stderr.lower()


def test_a_broken_app_stops_a_run_before_anything_is_measured(tmp_path):
    app = tmp_path / "broken"
    app.mkdir()
    (app / "app.toml").write_text('title = "Broken"\n[deployments.plain]\ncommand = ["{python}", "-c", "exit(3)"]\n')
    done = bench("run", *SHORT, "--app", str(app), "--out", str(tmp_path / "runs"))
    assert done.returncode == 1
    folder = run_folder(tmp_path / "runs")
    assert "error: broken: ended" in done.stderr
    assert f"the logs are in {folder / 'logs'}" in done.stderr
    assert store.read(folder).outcomes == ()


def test_stock_locust_can_be_asked_too(tmp_path):
    done = bench("run", *SHORT, "--engine", "fasthttp", "--starts", "0", "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"][0]["requests_per_s"]["value"] > 0


KNOWN = catalog.read()
EVERYBODY = [f"{app.name}@{name}" for app in KNOWN.apps.values() for name in app.deployments]


@pytest.mark.parametrize("scenario", KNOWN.scenarios)
def test_every_deployment_keeps_the_contract_of_every_scenario(tmp_path, scenario):
    asked = prepare.Asked(scenario=scenario, contenders=EVERYBODY)
    entry = prepare.enter(asked)
    steps.make_environments(entry.apps)
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, tmp_path)
        assert {label: broken for label, broken in campaign.rehearse(field) if broken} == {}


ABLATED = [
    f"{app.name}@{name}"
    for app in KNOWN.apps.values()
    for name, ablation in app.ablations.items()
    if ablation.replace or ablation.append  # else it is a deployment's command, with another number at most
]


def test_every_ablation_keeps_the_contract(tmp_path):
    entry = prepare.enter(prepare.Asked(contenders=ABLATED))
    steps.make_environments(entry.apps)
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, prepare.Asked(), host.placement), host, tmp_path)
        assert {label: broken for label, broken in campaign.rehearse(field) if broken} == {}


def test_an_ablation_is_measured_against_the_first_deployment(tmp_path):
    app, runs = tmp_path / "flask", tmp_path / "runs"
    shutil.copytree(ROOT / "apps" / "flask", app)
    manifest, _, _ = (app / "app.toml").read_text().partition("[ablations.")
    (app / "app.toml").write_text(f'{manifest}[ablations.one]\nvaries = "threads"\nthreads = 1\n')
    short = ("--quick", "--blocks", "1", "--rounds", "2", "--starts", "0", "--connections", "10")
    done = bench("ablate", f"{app}:", *short, "--out", str(runs), "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["member"]["label"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows.keys() == {"flask@gthread", "flask@one", "null", "control"}
    assert rows["flask@one"]["comparison"]["reference"] == "flask@gthread"
    folder = run_folder(runs)
    assert folder.name.endswith("-ablate-flask")
    assert (folder / "ablation.csv").read_text().splitlines()[1].startswith("flask@one,threads,32,1,,")
    assert (folder / "charts" / "ablation-dark.png").exists()


def test_the_runs_of_a_sweep_take_turns_and_it_can_be_gone_on_with(tmp_path):
    short = [word if word != "10" else "2,4" for word in SHORT]
    done = bench("run", *short, "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    folder = run_folder(tmp_path)
    assert json.loads(done.stdout)["connections"] == [2, 4]
    runs = [store.read(part) for part in store.parts(folder)]
    ends = sorted((block.ended_at, block.block) for run in runs for block in run.blocks)
    assert [block for _, block in ends] == [0, 0, 1, 1]
    assert [len(run.starts) for run in runs] == [1, 0]

    lines = (folder / "c4" / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "c4" / "outcomes.jsonl").write_bytes(b"".join(lines[:-1]))  # as if it had been cut off
    again = bench("run", "--resume", str(folder))
    assert again.returncode == 0, again.stderr
    assert [len(store.read(part).blocks) for part in store.parts(folder)] == [2, 2]
    assert {"sweep.json", "sweep.md", "charts"} < {path.name for path in folder.iterdir()}


def test_the_runs_of_a_matrix_take_turns_and_it_can_be_gone_on_with_and_reported(tmp_path):
    done = bench("run", "json", "model", *SHORT, "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    folder = run_folder(tmp_path)
    assert folder.name.endswith("-matrix")
    found = json.loads(done.stdout)
    assert [line["scenario"] for line in found["lines"]] == ["json", "model"]
    assert all(cell["requests_per_s"] for line in found["lines"] for cell in line["cells"])
    runs = steps.read_several(folder)
    ends = sorted((block.ended_at, block.block) for run in runs for block in run.blocks)
    assert [block for _, block in ends] == [0, 0, 1, 1]
    assert [len(run.starts) for run in runs] == [1, 0]

    lines = (folder / "model" / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "model" / "outcomes.jsonl").write_bytes(b"".join(lines[:-1]))  # as if it had been cut off
    again = bench("run", "--resume", str(folder))
    assert again.returncode == 0, again.stderr
    assert [len(run.blocks) for run in steps.read_several(folder)] == [2, 2]

    made = {name: (folder / name).read_bytes() for name in ("matrix.json", "matrix.md", "matrix.csv")}
    for name in made:
        (folder / name).unlink()
    reported = bench("report", str(folder), "--paste")
    assert reported.stdout.startswith("**QUICK RUN")
    assert made == {name: (folder / name).read_bytes() for name in made}
    assert (folder / "charts" / "matrix-light.svg").exists()


def test_a_served_contender_answers_until_it_is_told_to_stop(tmp_path):
    with subprocess.Popen(
        command("serve", "flask@gthread"),
        env=environment(HOME=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as served:
        address = served.stdout.readline().strip()
        driven = bench("drive", address, "json", "--connections", "5", "--duration", "0.5", "--json")
        served.send_signal(signal.SIGINT)
    assert served.returncode == 130
    facts = json.loads(driven.stdout)
    assert driven.returncode == 0
    assert facts["requests_per_s"] > 0
    assert facts["errors"] == {}
    assert facts["latency_s"]["p50"] <= facts["latency_s"]["p99"]
    assert facts["generator_cpu_s"] > 0
    _wait_for(lambda: group_is_gone(str(tmp_path)))


def _outcomes(out):
    return sum(path.read_bytes().count(b"\n") for path in Path(out).glob("*/outcomes.jsonl"))


def _wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
