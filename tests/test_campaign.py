"""A run stores each outcome before the next thing happens, and goes on where it stopped."""

import dataclasses

import pytest

from harness import campaign, schedule, store
from harness.cli import steps
from harness.errors import ContractError, InputError, LostError
from harness.model import Fingerprint, Member, RunHead, Traits
from tests.fakes import PLACEMENT, RIGHT, SCENARIO, WRONG, RecordingEngine, RecordingHost, field_of, http_server


@pytest.fixture
def port():
    with http_server(RIGHT) as port:
        yield port


@pytest.fixture
def field(port):
    host = RecordingHost({"a": port, "b": port})
    return field_of(host, RecordingEngine(host.events), blocks=3, rounds=2, starts=2)


@pytest.fixture
def folder(tmp_path, field):
    folder = store.new_folder(tmp_path, "fair", 0.0)
    store.write_head(folder, head_of(field))
    return folder


def head_of(field, **digests):
    members = tuple(
        Member(
            label=label,
            app=label,
            title=label,
            deployment="plain",
            role="contender",
            workers=1,
            threads=1,
            connections="kept",
            traits=Traits(),
            command=("true",),
            versions={},
        )
        for label in field.contenders
    )
    return RunHead(
        name="run",
        created_at=0.0,
        plan=field.plan,
        scenario=SCENARIO,
        placement=PLACEMENT,
        members=members,
        schedule=schedule.blocks(field.plan, members),
        fingerprint=Fingerprint(identity={"cpu_model": "fake"}, moment={}),
        digests=digests,
    )


def interrupted_after(field, turns):
    engine = dataclasses.replace(field.engine, interrupts=turns)
    return dataclasses.replace(field, engine=engine)


def test_a_run_is_all_its_cold_starts_and_then_all_its_blocks(field, folder):
    outcomes = list(campaign.play(field, folder, store.read(folder)))
    assert [outcome.kind for outcome in outcomes[:6]] == ["imports"] * 2 + ["start"] * 4
    assert len(outcomes) == campaign.steps(store.read(folder).head)
    assert store.read(folder).outcomes == tuple(outcomes)


def test_an_outcome_is_on_disk_before_the_next_one_is_made(field, folder):
    for number, outcome in enumerate(campaign.play(field, folder, store.read(folder)), 1):
        assert store.read(folder).outcomes[-1] == outcome
        assert len(store.read(folder).outcomes) == number


@pytest.mark.parametrize("turns", [0, 3, 5])
def test_an_interrupted_run_goes_on_with_the_blocks_that_it_lacks(field, folder, turns):
    with pytest.raises(KeyboardInterrupt):
        list(campaign.play(interrupted_after(field, turns), folder, store.read(folder)))
    before = store.read(folder)
    assert len(before.starts) == 4
    resumed = list(campaign.play(field, folder, before))
    assert not [outcome for outcome in resumed if outcome.kind in {"start", "imports"}]
    after = store.read(folder)
    assert [block.block for block in after.blocks] == [0, 1, 2]
    assert {block.attempt for block in after.blocks} == {2}
    assert len(after.turns) == 3 * 6
    assert len(after.outcomes) == len(before.outcomes) + len(resumed)


def test_a_finished_run_has_nothing_left_to_do(field, folder):
    list(campaign.play(field, folder, store.read(folder)))
    assert list(campaign.play(field, folder, store.read(folder))) == []


def test_a_start_that_fails_is_a_line_and_the_others_go_on(field, folder):
    host = dataclasses.replace(field.host, unstartable=frozenset({"b"}))
    list(campaign.play(dataclasses.replace(field, host=host), folder, store.read(folder)))
    starts = store.read(folder).starts
    assert {start.contender: start.ready_s for start in starts} == {"a": 0.2, "b": None}
    assert {start.failure.stage for start in starts if start.contender == "b"} == {"launch"}


def test_a_run_made_with_something_else_is_not_gone_on_with(field):
    with pytest.raises(InputError, match=r'measuring: was "1", is "2"'):
        campaign.refuse_other(head_of(field, measuring="1"), head_of(field, measuring="2"))
    campaign.refuse_other(head_of(field, measuring="1"), head_of(field, measuring="1"))


def test_a_run_may_be_gone_on_with_though_its_numbers_would_be_read_otherwise(field):
    campaign.refuse_other(head_of(field, measuring="1", deriving="1"), head_of(field, measuring="1", deriving="2"))


def test_a_rehearsal_tells_everything_that_is_wrong_with_everybody(port):
    with http_server(WRONG) as wrong_port:
        host = RecordingHost({"a": port, "b": wrong_port, "c": port}, unstartable=frozenset({"c"}))
        told = dict(campaign.rehearse(field_of(host, RecordingEngine([]))))
    assert told["a"] == ()
    assert "status 200 instead of 404" in told["b"][0]
    assert told["c"] == ("did not answer\n  Its log is empty.",), "who it is stands beside"
    assert host.events == ["launch a", "stop a", "launch b", "stop b"]


def test_one_of_several_versions_may_fail_the_rehearsal_but_not_the_reference(port):
    host = RecordingHost({"a": port, "b": port, "c": port}, unstartable=frozenset({"c"}))
    field = field_of(host, RecordingEngine([]))
    with pytest.raises(ContractError, match="c: did not answer"):
        steps.rehearse(field)
    one = field.contenders["c"]
    app = one.app.model_copy(update={"pins": {"flask": "3.0.3"}})
    pinned = dataclasses.replace(field, contenders={**field.contenders, "c": one.model_copy(update={"app": app})})
    steps.rehearse(pinned)
    plan = field.plan.model_copy(update={"reference": "c"})
    with pytest.raises(ContractError, match="c: did not answer"):
        steps.rehearse(dataclasses.replace(pinned, plan=plan))


def test_open_loop_comes_last_at_rates_that_follow_from_the_slices(field, tmp_path):
    plan = field.plan.model_copy(update={"starts": 0, "open_blocks": 1, "open_shares": (0.5,), "duets": 1})
    field = dataclasses.replace(field, plan=plan)
    folder = store.new_folder(tmp_path, "open", 0.0)
    store.write_head(folder, head_of(field))
    outcomes = list(campaign.play(field, folder, store.read(folder)))
    assert len(outcomes) == campaign.steps(store.read(folder).head)
    assert [rate for rate in field.engine.rates if rate] == [500.0, 500.0]
    after = store.read(folder)
    assert [turn.recording.paced.share for turn in after.turns_of("open loop") if turn.round] == [0.5, 0.5]
    assert len(after.duets) == 3
    assert [block.block for block in after.blocks] == [0, 1, 2]
    assert list(campaign.play(field, folder, after)) == []


def test_without_a_slice_there_is_no_rate_and_so_no_open_loop(field, tmp_path):
    engine = dataclasses.replace(field.engine, failing=frozenset({"a", "b"}))
    plan = field.plan.model_copy(update={"starts": 0, "open_blocks": 1})
    field = dataclasses.replace(field, plan=plan, engine=engine)
    folder = store.new_folder(tmp_path, "open", 0.0)
    store.write_head(folder, head_of(field))
    list(campaign.play(field, folder, store.read(folder)))
    assert [block.block for block in store.read(folder).finished] == [0, 1, 2]


def test_a_block_of_the_other_wait_policy_is_driven_by_it(field, tmp_path):
    seen = []
    drive = field.engine.drive

    class Engine:
        def drive(self, targets, plan, turns, placement, log):
            seen.append(plan.wait)
            return drive(targets, plan, turns, placement, log)

    plan = field.plan.model_copy(update={"starts": 0, "blocks": 2, "other_wait_blocks": 1})
    field = dataclasses.replace(field, plan=plan, engine=Engine())
    folder = store.new_folder(tmp_path, "other", 0.0)
    store.write_head(folder, head_of(field))
    list(campaign.play(field, folder, store.read(folder)))
    assert seen == ["spin", "sleep", "spin"]


def test_a_run_on_another_host_is_not_gone_on_with_here(field):
    there = head_of(field).model_copy(update={"fingerprint": Fingerprint(identity={"reached": "ssh"}, moment={})})
    with pytest.raises(InputError, match="reached") as caught:
        campaign.refuse_other(there, head_of(field))
    assert "--host" in caught.value.hint


@dataclasses.dataclass
class CutOff(RecordingHost):
    """A host whose connection is lost so many times, each just before a reading."""

    losses: int = 0

    def reading(self):
        if self.losses:
            self.losses -= 1
            raise LostError("the connection was lost")
        return super().reading()


def test_a_block_in_which_the_host_was_lost_is_measured_once_more_and_no_other(field, folder):
    host = CutOff(field.host.ports, losses=1)
    cut = dataclasses.replace(field, host=host)
    list(campaign.play(cut, folder, store.read(folder)))
    read = store.read(folder)
    assert [(block.block, block.attempt) for block in read.finished] == [(0, 2), (1, 1), (2, 1)]
    assert [turn.attempt for turn in read.turns if turn.block == 0] == [2] * len(read.head.schedule[0].turns)


class CutOffEngine(RecordingEngine):
    """Loses the host of its generators at the third turn of the first drive."""

    losses: int = 1

    def drive(self, *args):
        for number, recording in enumerate(super().drive(*args)):
            if number == 2 and self.losses:
                self.losses -= 1
                raise LostError("the connection to the generator was lost")
            yield recording


def test_a_block_in_which_the_load_s_host_was_lost_is_measured_once_more_and_no_other(field, folder):
    cut = dataclasses.replace(field, engine=CutOffEngine(field.host.events))
    list(campaign.play(cut, folder, store.read(folder)))
    read = store.read(folder)
    assert [(block.block, block.attempt) for block in read.finished] == [(0, 2), (1, 1), (2, 1)]
    assert all(turn.failure is None for turn in read.turns)


def test_a_host_that_is_lost_again_and_again_ends_the_run(field, folder):
    cut = dataclasses.replace(field, host=CutOff(field.host.ports, losses=3))
    with pytest.raises(LostError):
        list(campaign.play(cut, folder, store.read(folder)))
    assert [start.attempt for start in store.read(folder).starts] == [1] * 4, "what was measured before is kept"
