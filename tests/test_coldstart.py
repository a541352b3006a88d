"""Cold starts in every variant: in which order, how each is launched, and what is gone on with."""

import dataclasses

import pytest
from pydantic import TypeAdapter

from harness import campaign, store
from harness.model import Import, Outcome, StartOutcome, StartVariant
from tests.fakes import RIGHT, RecordingEngine, RecordingHost, field_of, http_server
from tests.test_campaign import head_of

BARE = "PYTHONPYCACHEPREFIX PYTHONDONTWRITEBYTECODE"


@pytest.fixture
def port():
    with http_server(RIGHT) as port:
        yield port


@pytest.fixture
def field(port):
    host = RecordingHost({"a": port, "b": port})
    changes = {"starts": 3, "dropped_starts": 2, "no_bytecode_starts": 2}
    return field_of(host, RecordingEngine(host.events), blocks=1, rounds=1, **changes)


def folder_of(tmp_path, field, *, drops=True):
    folder = store.new_folder(tmp_path, "fair", 0.0)
    head = head_of(field)
    fingerprint = head.fingerprint.model_copy(update={"moment": {"drops_page_cache": drops}})
    store.write_head(folder, head.model_copy(update={"fingerprint": fingerprint}))
    return folder


def play(field, folder):
    return list(campaign.play(field, folder, store.read(folder)))


def started(outcomes):
    return [one for one in outcomes if isinstance(one, StartOutcome)]


def test_a_run_has_as_many_steps_as_it_says_whatever_is_dropped(tmp_path, field):
    folder = folder_of(tmp_path, field)
    assert len(play(field, folder)) == campaign.steps(store.read(folder).head)
    assert len(store.read(folder).starts) == 2 * (3 + 2 + 2)
    assert not all(one.counted for one in started(store.read(folder).outcomes))


def test_every_start_is_launched_as_its_variant_says(tmp_path, field):
    starts = started(play(field, folder_of(tmp_path, field)))
    dropping = {True: ["drop page cache"], False: []}
    expected = []
    for one in starts:
        bare = f" {BARE}" if one.variant is StartVariant.NO_BYTECODE else ""
        expected += dropping[one.variant is StartVariant.DROPPED]
        expected += [f"launch {one.contender}{bare}", f"stop {one.contender}"]
    told = ["launch a PYTHONPROFILEIMPORTTIME", "stop a", "launch b PYTHONPROFILEIMPORTTIME", "stop b"]
    assert field.host.events[: len(told) + len(expected)] == told + expected


def test_where_the_page_cache_cannot_be_dropped_those_starts_are_left_out(tmp_path, field):
    folder = folder_of(tmp_path, field, drops=False)
    assert len(play(field, folder)) == campaign.steps(store.read(folder).head)
    assert "drop page cache" not in field.host.events
    assert {one.variant for one in store.read(folder).starts} == {StartVariant.WARM, StartVariant.NO_BYTECODE}


def test_a_run_stopped_among_its_starts_makes_those_it_lacks_and_fills_the_page_cache_anew(tmp_path, field):
    folder = folder_of(tmp_path, field)
    first = campaign.play(field, folder, store.read(folder))
    before = started(next(first) for _ in range(9))
    first.close()
    resumed = started(play(field, folder))
    counted = [(one.contender, one.variant, one.index) for one in (*before, *resumed) if one.counted]
    assert len(counted) == len(set(counted)) == 2 * (3 + 2 + 2)
    assert not next(one for one in resumed if one.variant is StartVariant.NO_BYTECODE).counted
    assert play(field, folder) == []


def test_imports_are_told_of_once_per_contender_before_anything_is_dropped(tmp_path, field):
    folder = folder_of(tmp_path, field)
    assert [one.kind for one in play(field, folder)[:3]] == ["imports", "imports", "start"]
    told = store.read(folder).imports
    assert [one.contender for one in told] == ["a", "b"]
    assert told[0].imports[0] == Import(module="json", self_s=0.25, cumulative_s=0.5)


@pytest.mark.parametrize("changes", [{"quick": True}, {"starts": 0}])
def test_a_quick_run_and_one_without_starts_asks_for_no_imports(tmp_path, field, changes):
    field = dataclasses.replace(field, plan=field.plan.model_copy(update=changes))
    assert "imports" not in {one.kind for one in play(field, folder_of(tmp_path, field))}


def test_a_contender_that_does_not_start_to_tell_its_imports_is_a_line_with_a_failure(tmp_path, field):
    host = dataclasses.replace(field.host, unstartable=frozenset({"b"}))
    folder = folder_of(tmp_path, field)
    play(dataclasses.replace(field, host=host), folder)
    _, told = store.read(folder).imports
    assert (told.contender, told.imports, told.failure.stage) == ("b", None, "launch")


def test_a_start_of_a_run_from_before_there_were_variants_was_warm_and_counts():
    times = b'"at":1.0,"listening_s":0.1,"ready_s":0.2,"failure":null'
    line = b'{"kind":"start","contender":"a","attempt":1,"index":0,%s}' % times
    outcome = TypeAdapter(Outcome).validate_json(line)
    assert isinstance(outcome, StartOutcome)
    assert (outcome.variant, outcome.counted) == (StartVariant.WARM, True)


def test_progress_says_which_start_it_was():
    facts = {"contender": "a", "attempt": 1, "index": 2, "at": 0.0}
    said = [
        campaign.said_of(StartOutcome(**facts)),
        campaign.said_of(StartOutcome(**facts, variant=StartVariant.DROPPED)),
        campaign.said_of(StartOutcome(**facts, variant=StartVariant.NO_BYTECODE, counted=False)),
    ]
    assert said == [
        "cold start 3 of a",
        "cold start 3 of a, without page cache",
        "filled the page cache for a, without bytecode",
    ]
