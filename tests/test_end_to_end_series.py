"""Commands that make more than one run, on real servers and real load."""

import json
import shutil
import signal
import subprocess

import pytest

from harness import store
from harness.catalog import ROOT
from harness.cli import steps
from tests.benching import FEW, SHORT, bench, command, environment, run_folder


@pytest.mark.series
def test_occasions_are_ordinary_runs_and_are_counted_when_it_is_called_again(tmp_path):
    short = ("--blocks", "1", *FEW, "--duets", "0", "--open-blocks", "0")
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


@pytest.mark.series
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


def test_the_runs_of_a_matrix_are_shown_together_and_can_be_reported(tmp_path):
    done = bench("run", "json", "model", *SHORT, "--blocks", "1", "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    folder = run_folder(tmp_path)
    assert folder.name.endswith("-matrix")
    found = json.loads(done.stdout)
    assert [line["scenario"] for line in found["lines"]] == ["json", "model"]
    assert all(cell["requests_per_s"] for line in found["lines"] for cell in line["cells"])
    runs = steps.read_several(folder)
    assert [len(run.blocks) for run in runs] == [1, 1]
    assert [len(run.starts) for run in runs] == [1, 0]

    made = {name: (folder / name).read_bytes() for name in ("matrix.json", "matrix.md", "matrix.csv")}
    for name in made:
        (folder / name).unlink()
    reported = bench("report", str(folder), "--paste")
    assert reported.stdout.startswith("**QUICK RUN")
    assert made == {name: (folder / name).read_bytes() for name in made}
    assert (folder / "charts" / "matrix-light.svg").exists()
