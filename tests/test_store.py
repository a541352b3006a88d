"""Nothing measured is lost: whatever byte a run is cut off at, the rest can be read and gone on with."""

import json
import shutil
from pathlib import Path

import pytest

from harness import store
from harness.errors import StoreError
from tests.builders import result_set


@pytest.fixture(scope="module")
def small_run():
    return result_set(blocks=2, rounds=2, starts=1)


@pytest.fixture
def folder(tmp_path, small_run):
    folder = store.new_folder(tmp_path / "runs with ümlaut", "fair", small_run.head.created_at)
    store.write_head(folder, small_run.head)
    for outcome in small_run.outcomes:
        store.append(folder, outcome)
    return folder


def test_a_run_reads_as_it_was_written(folder, small_run):
    assert store.read(folder) == small_run


def test_a_run_cut_off_at_any_byte_keeps_every_whole_line(folder, small_run, tmp_path):
    content = (folder / "outcomes.jsonl").read_bytes()
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    for length in [*range(0, len(content), 977), len(content) - 1, len(content)]:
        (cut / "outcomes.jsonl").write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        assert store.read(cut).outcomes == small_run.outcomes[:whole]
        store.mend(cut)
        store.append(cut, small_run.outcomes[0])
        assert len(store.read(cut).outcomes) == whole + 1


def test_a_broken_line_in_the_middle_is_an_error_that_names_it(folder):
    lines = (folder / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    lines[1] = b'{"kind": "turn"}\n'
    (folder / "outcomes.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match="line 2 of"):
        store.read(folder)


def test_an_older_run_whose_empty_buckets_are_written_out_reads_the_same(folder, small_run):
    head, dumped = folder / "run.json", [one.model_dump() for one in small_run.outcomes]
    head.write_text(head.read_text().replace('"format": 2', '"format": 1'))
    (folder / "outcomes.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in dumped))
    older = store.read(folder)
    assert (older.head.format, older.outcomes) == (1, small_run.outcomes)


def test_a_head_of_another_format_is_refused(folder):
    head = (folder / "run.json").read_text()
    (folder / "run.json").write_text(head.replace('"format": 2', '"format": 3'))
    with pytest.raises(StoreError, match="format"):
        store.read(folder)


def test_a_folder_that_is_no_run_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(StoreError, match="does not exist") as raised:
        store.read(tmp_path)
    assert "results/runs" in raised.value.hint


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path):
    first, second = (store.new_folder(tmp_path, "fair", 0.0) for _ in range(2))
    assert (first.name, second.name) == ("19700101-000000-fair", "19700101-000000-fair-2")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        store.new_folder(tmp_path / "file", "fair", 0.0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error_and_keeps_what_was_stored(folder, small_run, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "outcomes.jsonl").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left"):
        store.append(full, small_run.outcomes[0])
    assert store.read(folder) == small_run


def test_of_a_block_that_was_run_twice_only_the_last_counts(small_run):
    again = [one.model_copy(update={"attempt": 1}) for one in small_run.outcomes if one.kind != "start"]
    twice = small_run.model_copy(update={"outcomes": small_run.outcomes + tuple(again)})
    assert {block.attempt for block in twice.blocks} == {1}
    assert {turn.attempt for turn in twice.turns} == {1}
    assert len(twice.turns) == len(small_run.turns)


def test_turns_of_an_unfinished_block_do_not_count(small_run):
    without_end = [one for one in small_run.outcomes if one.kind != "block" or one.block == 0]
    cut = small_run.model_copy(update={"outcomes": tuple(without_end)})
    assert {turn.block for turn in cut.turns} == {0}


def test_a_run_cut_off_right_after_its_head_has_no_outcomes_and_can_be_gone_on_with(folder, small_run):
    (folder / "outcomes.jsonl").unlink()
    assert store.read(folder).outcomes == ()
    store.mend(folder)
    store.append(folder, small_run.outcomes[0])
    assert store.read(folder).outcomes == small_run.outcomes[:1]


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("start", {"contender": "stranger"}, 'the contender "stranger"'),
        ("turn", {"contender": "stranger"}, 'the contender "stranger"'),
        ("turn", {"block": 7}, "block 7"),
        ("block", {"block": 7}, "block 7"),
    ],
)
def test_an_outcome_that_nobody_planned_is_an_error_that_names_its_line(folder, small_run, kind, change, said):
    first = next(one for one in small_run.outcomes if one.kind == kind)
    store.append(folder, first.model_copy(update=change))
    with pytest.raises(StoreError, match=f"line {len(small_run.outcomes) + 1} of .* is about {said}"):
        store.read(folder)


def test_a_block_with_an_unplanned_server_is_an_error(folder, small_run):
    block = small_run.blocks[0]
    servers = {**block.servers, "stranger": next(iter(block.servers.values()))}
    store.append(folder, block.model_copy(update={"servers": servers}))
    with pytest.raises(StoreError, match="stranger"):
        store.read(folder)


def test_of_a_cold_start_that_was_made_twice_only_the_last_counts(small_run):
    again = small_run.starts[0].model_copy(update={"attempt": 2})
    twice = small_run.model_copy(update={"outcomes": (*small_run.outcomes, again)})
    assert len(twice.starts) == len(small_run.starts)
    assert [start for start in twice.starts if start.attempt == 2] == [again]
