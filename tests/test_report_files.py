from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness import model, report
from harness.errors import StoreError
from harness.model import ResultSet, Summary
from harness.report import files, frame
from harness.summary import summarize
from tests import builders, summaries
from tests.test_report_tables import HOSTILE, hostile

ROOT = Path(__file__).parent.parent
WRITE = """
import sys
from pathlib import Path
from harness import model, report
from harness.summary import summarize
from tests import builders
run = builders.result_set(blocks=2, rounds=2, starts=2)
report.write(Path(sys.argv[1]), run, summarize(run))
"""


def run() -> ResultSet:
    return builders.result_set(blocks=2, rounds=2, starts=2)


def digests(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def python(*arguments: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    ).stdout


def test_the_same_run_gives_the_same_bytes_whatever_the_caller_s_surroundings(tmp_path: Path) -> None:
    style = tmp_path / "matplotlibrc"
    style.write_text("font.size: 30\\nlines.linewidth: 9\\naxes.facecolor: red\\n".replace("\\n", "\n"))
    python("-c", WRITE, str(tmp_path / "one"), TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="1")
    python(
        "-c",
        WRITE,
        str(tmp_path / "two ü"),
        TZ="America/Lima",
        LC_ALL="C.UTF-8",
        PYTHONHASHSEED="2",
        MATPLOTLIBRC=str(style),
    )
    assert digests(tmp_path / "one") == digests(tmp_path / "two ü")
    assert len(digests(tmp_path / "one")) == 20


@pytest.mark.parametrize("module", ["harness.report", "harness.report.tables", "harness.report.screen"])
def test_importing_the_report_imports_nothing_that_is_slow(module: str) -> None:
    loaded = python("-c", f"import sys, {module}; print(*sys.modules)").split()
    assert module in loaded
    assert not {"matplotlib", "pandas", "numpy", "scipy", "locust"} & set(loaded)


def test_writing_again_leaves_the_same_files(tmp_path: Path) -> None:
    report.write(tmp_path, run(), summarize(run()))
    before = digests(tmp_path)
    report.write(tmp_path, run(), summarize(run()))
    assert digests(tmp_path) == before


def test_the_summary_can_be_read_back(tmp_path: Path) -> None:
    report.write(tmp_path, run(), summarize(run()))
    text = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert Summary.model_validate_json(text) == summarize(run())
    assert json.loads(text)["name"] == run().head.name


def test_no_label_becomes_a_path(tmp_path: Path) -> None:
    result_set, summary = hostile()
    evil = "../../evil"
    member = result_set.head.members[0].model_copy(update={"label": evil, "deployment": evil, "app": evil})
    outside = builders.result_set({evil: 4400.0}, members={evil: member}, blocks=1, rounds=2, starts=1)
    plain = [name for name, _ in files.derived(run(), summarize(run()))]
    assert [name for name, _ in files.derived(outside, summarize(outside))] == plain
    assert [name for name, _ in files.derived(result_set, summary)] == plain
    report.write(tmp_path / "a" / "b", outside, summarize(outside))
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


def test_a_hostile_label_acts_in_no_written_text() -> None:
    written = {name: content.decode() for name, content in files.derived(*hostile()) if not name.endswith(".png")}
    assert HOSTILE.splitlines()[0] not in written["report.md"]
    assert not any("\x1b" in text for text in written.values())
    assert "<script" not in re.sub(r"(`+).*?\1", "", written["report.md"])  # code spans are shown as they are


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match='file" cannot be written'):
        report.write(tmp_path / "file", run(), summaries.summary(run()))


def test_an_unwritten_file_leaves_the_old_one_whole(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("old")
    (tmp_path / "summary.json.partial").mkdir()
    with pytest.raises(StoreError):
        report.write(tmp_path, run(), summaries.summary(run()))
    assert (tmp_path / "summary.json").read_text() == "old"


def test_the_frame_has_one_row_per_turn_of_a_finished_block() -> None:
    found = frame.frame(run())
    assert len(found) == 2 * (2 + 1) * len(builders.MEMBERS)
    assert set(found["contender"]) == set(builders.MEMBERS)
    assert str(found["answered"].dtype) == "Int64"
    assert (found["requests_per_s"] == found["counted"] / found["counted_s"]).all()


def test_a_failed_slice_is_a_row_with_a_stage_and_no_numbers() -> None:
    failed = builders.altered(run(), "turn", builders.FLASK, recording=None, failure=summaries.FAILED)
    rows = frame.frame(failed).query(f"contender == '{builders.FLASK}'")
    assert rows["requests_per_s"].isna().all()
    assert set(rows["failed_at"]) == {"launch"}


def test_slices_csv_is_the_frame() -> None:
    read = pd.read_csv(io.StringIO(frame.slices_csv(run())))
    assert list(read.columns) == list(frame.frame(run()).columns)
    assert read["requests_per_s"].tolist() == frame.frame(run())["requests_per_s"].tolist()


def test_a_hostile_label_is_no_formula_in_slices_csv() -> None:
    read = pd.read_csv(io.StringIO(frame.slices_csv(hostile()[0])))
    assert read["contender"].str.startswith("'=").all()


def test_a_run_that_measured_nothing_is_written_all_the_same(tmp_path: Path) -> None:
    empty = builders.result_set(blocks=2, finished=0, rounds=2, starts=0)
    report.write(tmp_path, empty, summarize(empty))
    assert "not measured" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_every_file_key_and_column_is_documented() -> None:
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    models = (model.RunHead, model.Plan, model.Placement, model.Member, model.Recording, model.Histogram, model.Row)
    more = (
        model.Summary,
        model.Comparison,
        model.Latencies,
        model.Doubt,
        model.Claims,
        model.ClaimRow,
        model.Usage,
        model.BlockOutcome,
        model.DuetOutcome,
        model.DuetPart,
        model.Duet,
        model.Paced,
        model.OpenLoop,
        model.StartOutcome,
        model.ImportsOutcome,
        model.Import,
        model.Imports,
        model.Started,
        model.Occasion,
        model.OccasionRow,
        model.Pooled,
        model.IdleOutcome,
        model.Idle,
    )
    keys = {key for one in (*models, *more) for key in one.model_fields}
    columns = {key for key in frame.frame(run()).columns if not key.startswith("errors_")}
    names = {name.partition("/")[0] for name, _ in files.derived(run(), summarize(run()))}
    keys |= set(model.StartVariant)
    assert (
        sorted(word for word in keys | columns | names if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)) == []
    )


def test_documents_are_alike_but_for_the_last_digits_of_numbers() -> None:
    assert files.alike(b'{"a": [0.1, null]}', b'{"a": [0.10000000000000002, null]}')
    assert not files.alike(b'{"a": [0.1, null]}', b'{"a": [0.100001, null]}')
    assert not files.alike(b'{"a": [0.1, null]}', b'{"a": [0.1, 0.0]}')
