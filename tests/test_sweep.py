"""Runs that differ in their connections take turns, and say together where more connections no longer help."""

import json

import pytest

from harness import campaign, prepare, schedule, several, store, sweep
from harness.campaign import Part
from harness.model import Estimate, Placement, Sweep, SweepPoint, Verdict
from harness.prepare import Asked
from harness.summary import summarize
from tests import builders
from tests.fakes import RIGHT, RecordingEngine, RecordingHost, field_of, http_server
from tests.test_campaign import head_of, interrupted_after


@pytest.fixture
def port():
    with http_server(RIGHT) as port:
        yield port


def parts_of(folder, port, *, blocks=(3, 3), starts=(1, 0), interrupts=None):
    """Two runs in rotation, stored in `folder`: begun anew, or gone on with where they are there."""
    made = []
    for name, count, colds in zip(("c1", "c10"), blocks, starts, strict=True):
        host = RecordingHost({"a": port})
        field = field_of(host, RecordingEngine(host.events), blocks=count, rounds=1, starts=colds)
        if name == "c10" and interrupts is not None:
            field = interrupted_after(field, interrupts)
        if not (folder / name).exists():
            store.write_head(store.new_part(folder, name), head_of(field))
        made.append(Part(field, folder / name, store.read(folder / name)))
    return made


def blocks_of(outcomes):
    """Who ended which block, in the order in which it happened."""
    return [(part.folder.name, outcome.block) for part, outcome in outcomes if outcome.kind == "block"]


def test_no_run_begins_its_next_block_before_every_other_has_ended_this_one(tmp_path, port):
    ended = blocks_of(campaign.rotate(parts_of(tmp_path, port)))
    assert [block for _, block in ended] == [0, 0, 1, 1, 2, 2]
    assert {name for name, _ in ended[:2]} == {"c1", "c10"}


def test_every_outcome_of_a_rotation_is_in_the_folder_of_its_run(tmp_path, port):
    outcomes = list(campaign.rotate(parts_of(tmp_path, port)))
    for name in ("c1", "c10"):
        stored = store.read(tmp_path / name)
        assert stored.outcomes == tuple(outcome for part, outcome in outcomes if part.folder.name == name)
        assert len(stored.outcomes) == campaign.steps(stored.head)


def test_an_interrupted_rotation_goes_on_with_what_each_run_lacks(tmp_path, port):
    with pytest.raises(KeyboardInterrupt):
        list(campaign.rotate(parts_of(tmp_path, port, interrupts=1)))
    before = [store.read(tmp_path / name) for name in ("c1", "c10")]
    ended = blocks_of(campaign.rotate(parts_of(tmp_path, port)))
    assert len(ended) == 6 - sum(len(run.blocks) for run in before)
    assert [[block.block for block in store.read(tmp_path / name).blocks] for name in ("c1", "c10")] == [[0, 1, 2]] * 2
    assert blocks_of(campaign.rotate(parts_of(tmp_path, port))) == []


def test_a_run_with_fewer_blocks_leaves_the_rotation_early(tmp_path, port):
    ended = blocks_of(campaign.rotate(parts_of(tmp_path, port, blocks=(1, 3))))
    assert [block for name, block in ended if name == "c10"] == [0, 1, 2]
    assert [block for name, block in ended if name == "c1"] == [0]


def test_who_goes_first_in_a_rotation_is_random_and_follows_from_the_seed():
    plans = [builders.plan(blocks=200)] * 3
    orders = list(schedule.rotations(plans))
    assert orders == list(schedule.rotations(plans))
    assert len(orders) == 200
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert all(40 < sum(order[0] == place for order in orders) < 95 for place in range(3))


def test_the_runs_inside_a_folder_are_found_in_the_order_of_their_connections(tmp_path):
    head = builders.result_set(blocks=1).head
    folder = store.new_folder(tmp_path, "fair-sweep", 0.0)
    for name in ("c1000", "c10", "c1", "c100"):
        store.write_head(store.new_part(folder, name), head)
    assert [part.name for part in store.parts(folder)] == ["c1", "c10", "c100", "c1000"]
    assert store.parts(folder / "c1") == ()


def test_the_runs_of_a_sweep_share_all_but_their_connections_and_what_follows_from_them():
    one, hundred, thousand = (asked.plan for asked in several.sweep(Asked(plan={"blocks": 9}), (1, 100, 1000)))
    assert one["seed"] == hundred["seed"] == thousand["seed"]
    assert (one["starts"], hundred["starts"], thousand["starts"]) == (several.USUAL["starts"], 0, 0)
    assert one["blocks"] == thousand["blocks"] == 9
    assert "slice_max_s" not in hundred, "the scenario's, or that of any run"
    assert hundred["warm_s"] == 0.8
    assert ("slice_max_s" in thousand, thousand["warm_s"]) == (False, 2.0)
    (few,) = several.sweep(Asked(scenario="download"), (1,))
    assert few.plan["warm_s"] == 8.0, "no shorter than the scenario wants it"


def test_many_connections_never_have_shorter_slices_than_few():
    few, many, more = (one.plan.get("slice_max_s") for one in several.sweep(Asked(scenario="cached"), (1, 1500, 2000)))
    assert (few, many, more) == (None, None, 8.0), "the 6 s of any plan, but where more are needed"
    (quick,) = several.sweep(Asked(plan={"slice_max_s": 2.0}), (1000,))
    assert quick.plan["slice_max_s"] == 4.0


def test_a_sweep_of_four_counts_and_three_contenders_takes_16_minutes_at_most():
    placement = Placement(server_cpus=(1,), generator_cpus=(0,), owns_core=True)
    each = several.sweep(Asked(), (1, 10, 100, 1000))
    entry = prepare.enter(each[0])
    plans = [prepare.plan(entry, asked, placement) for asked in each]
    assert sum(prepare.seconds(plan, entry) for plan in plans) <= 16 * 60


def point(connections, per_s, *, half=0.0, verdict=Verdict.SERVER_BOUND):
    found = per_s and Estimate(
        value=per_s, low=per_s - half if half else None, high=per_s + half if half else None, n=8
    )
    return SweepPoint(connections=connections, verdict=verdict, requests_per_s=found, p50_s=None, p99_s=None)


def test_the_knee_is_where_the_throughput_is_nearly_the_largest():
    assert sweep.knee([point(1, 900), point(10, 1940), point(100, 2000), point(1000, 1500)]) == 10
    assert sweep.knee([point(1, 900), point(10, 1890), point(100, 2000)]) == 100


def test_the_knee_is_as_far_left_as_an_interval_reaches():
    assert sweep.knee([point(1, 900), point(10, 1850, half=60), point(100, 2000)]) == 10
    assert sweep.knee([point(1, 900), point(10, 1850, half=40), point(100, 2000)]) == 100


def test_an_invalid_number_has_no_part_in_the_knee():
    invalid = point(100, 9000, verdict=Verdict.INVALID)
    assert sweep.knee([point(1, 900), point(10, 1000), invalid]) == 10


def test_one_number_of_connections_alone_has_no_knee():
    assert sweep.knee([point(10, 1000), point(100, None)]) is None


def swept(counts=(100, 10), **changes):
    """The runs of a sweep, and what they say together; at 10 connections half the throughput."""
    runs = []
    for count in counts:
        rates = {label: rate * (1 if count == 100 else 0.5) for label, rate in builders.THROUGHPUTS.items()}
        run = builders.result_set(rates, connections=count, **{"blocks": 8, "rounds": 3, "starts": 0} | changes)
        runs.append((run, summarize(run)))
    return runs, sweep.derive("a-sweep", runs)


def test_a_curve_has_a_point_for_each_run_in_ascending_order_with_the_numbers_of_its_row():
    runs, found = swept()
    assert found.connections == (10, 100)
    assert [curve.member.label for curve in found.curves] == list(builders.THROUGHPUTS)
    for curve in found.curves:
        assert curve.knee == 100
        for (_, summary), seen in zip(reversed(runs), curve.points, strict=True):
            row = next(row for row in summary.rows if row.member.label == curve.member.label)
            assert (seen.requests_per_s, seen.verdict) == (row.requests_per_s, row.verdict)


def test_latencies_have_intervals_over_blocks_around_what_was_measured():
    _, found = swept()
    fastapi = found.curves[0].points[1]
    assert fastapi.p50_s.n == 8
    assert fastapi.p50_s.low < fastapi.p50_s.value < fastapi.p50_s.high < fastapi.p99_s.low
    assert fastapi.p50_s.value == pytest.approx(100 / builders.THROUGHPUTS[builders.FASTAPI], rel=0.05)


def test_what_was_not_measured_is_none_and_no_zero():
    runs, _ = swept()
    broken = builders.altered(runs[0][0], "turn", builders.FLASK, recording=None)
    curve = sweep.derive("a-sweep", [(broken, summarize(broken)), runs[1]]).curves[1]
    assert curve.points[1].requests_per_s is curve.points[1].p50_s is curve.points[1].p99_s is None
    assert curve.points[0].requests_per_s is not None
    assert curve.knee is None


def test_a_sweep_can_be_read_back():
    _, found = swept()
    assert Sweep.model_validate(json.loads(found.model_dump_json())) == found
