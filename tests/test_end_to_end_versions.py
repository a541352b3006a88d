"""`./bench run --matrix` on a real app: every version in an environment of its own, one that breaks is a row."""

import json

import pytest

from harness import store
from tests.benching import bench, run_folder
from tests.wheels import BROKEN, app_that_needs_a_gizmo, registry

MATRIX = ("--matrix", f"gizmo=1.0,2,{BROKEN}", "--reference", "2")
QUICK = ("--quick", "--blocks", "1", "--rounds", "1", "--starts", "0", "--duets", "0", "--connections", "5")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    app = app_that_needs_a_gizmo(folder / "gizmos")
    offline = registry(folder / "registry")
    done = bench("run", *MATRIX, *QUICK, "--app", str(app.folder), "--out", str(folder / "runs"), "--json", **offline)
    return done, run_folder(folder / "runs")


def test_each_version_is_measured_and_one_that_does_not_start_is_a_row_that_says_so(finished):
    done, _ = finished
    assert done.returncode == 4, done.stderr
    assert f"this version fails, and its row will say so: gizmo-{BROKEN}: ended" in done.stderr
    found = json.loads(done.stdout)
    rows = {row["member"]["label"]: row for row in found["rows"]}
    assert rows["gizmo-1.0"]["requests_per_s"]["value"] > 0
    assert rows["gizmo-1.0"]["member"]["versions"]["gizmo"] == "1.0"
    assert rows["gizmo-2.0"]["member"]["versions"]["widget"] == "2.0"
    assert rows[f"gizmo-{BROKEN}"]["failures"][0]["stage"] == "launch"
    assert [one["moved"] for one in found["releases"]] == [{"widget": "1.0"}, {}, {"widget": "1.0"}]


def test_what_was_measured_is_known_from_the_folder_of_the_run(finished):
    _, folder = finished
    head = store.read(folder).head
    assert [one.rpartition("+")[2] for one in head.plan.contenders[:3]] == ["gizmo==1.0", "gizmo==2.0", "gizmo==3.0"]
    assert head.plan.reference == "gizmo-2.0"
    assert sorted(path.name for path in (folder / "locks").iterdir()) == [
        f"gizmo-{version}.lock" for version in ("1.0", "2.0", "3.0")
    ]
    assert {"releases.csv", "charts"} <= {path.name for path in folder.iterdir()}


def test_a_run_is_gone_on_with_by_its_own_locks_though_no_registry_is_there(finished):
    done = bench("run", "--resume", str(finished[1]), "--dry-run", UV_OFFLINE="1", UV_NO_INDEX="1")
    assert done.returncode == 0, done.stderr
    assert "environments to make" not in done.stderr
