"""The whole program on real servers and real load, kept short: it works, it can be stopped, nothing stays behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import store
from harness.catalog import ROOT
from harness.hosts.local import LocalHost
from tests.benching import (
    LOCK,
    SHORT,
    SLICES,
    bench,
    command,
    environment,
    group_is_gone,
    run_folder,
    wait_for,
)


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
    (row,) = [row for row in summary["rows"] if row["member"]["label"] == "bare_wsgi@gthread"]
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
    assert "bare_wsgi@gthread" in pasted
    assert "10 connections" in pasted


def test_a_finished_run_resumes_to_nothing_and_another_code_is_refused(finished):
    _, folder = finished
    again = bench("run", "--resume", str(folder))
    assert again.returncode == 0, again.stderr
    head = (folder / "run.json").read_text()
    digests = store.read(folder).head.digests
    measuring = digests["measuring"]
    assert "elsewhere" not in digests
    (folder / "run.json").write_text(head.replace(measuring, "0" * 16))
    refused = bench("run", "--resume", str(folder))
    (folder / "run.json").write_text(head)
    assert refused.returncode == 2
    assert "made with something else" in refused.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_run_ends_nothing_stays_behind_and_it_can_be_gone_on_with(tmp_path, how):
    marker = f"rematch-test-{os.getpid()}-{how.name}"
    started = subprocess.Popen(
        command("run", *SLICES, "--out", str(tmp_path)),
        env=environment(HOME=str(tmp_path / marker)),  # servers get HOME and nothing else of ours: it marks them
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: _outcomes(tmp_path) > 4)
    assert not group_is_gone(marker)
    started.send_signal(how)
    _, said = started.communicate(timeout=20)
    assert started.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[how], said
    assert "Traceback" not in said
    wait_for(lambda: group_is_gone(marker))
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


@pytest.mark.series
def test_stock_locust_can_be_asked_too(tmp_path):
    done = bench("run", *SHORT, "--engine", "fasthttp", "--starts", "0", "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"][0]["requests_per_s"]["value"] > 0


def test_a_served_contender_answers_until_it_is_told_to_stop(tmp_path):
    with subprocess.Popen(
        command("serve", "bare_wsgi@gthread"),
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
    wait_for(lambda: group_is_gone(str(tmp_path)))


def _outcomes(out):
    return sum(path.read_bytes().count(b"\n") for path in Path(out).glob("*/outcomes.jsonl"))
