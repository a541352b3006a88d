"""Orders are random, balanced, and follow from the seed alone."""

from collections import Counter
from typing import Any

from harness import schedule
from harness.model import Member, Start, StartVariant, Turn
from tests.builders import CONTROL, FASTAPI, FLASK, MEMBERS, NULL, plan

LABELS = ("a", "b", "c", "d")


def members(*several_workers: str) -> list[Member]:
    fastapi = MEMBERS[FASTAPI]
    return [
        fastapi.model_copy(update={"label": label, "workers": 2 if label in several_workers else 1}) for label in LABELS
    ]


def test_every_block_launches_warms_and_measures_everyone_once_a_round() -> None:
    for block in schedule.blocks(plan(blocks=5, rounds=3), members()):
        assert sorted(block.launches) == list(LABELS)
        turns = [(turn.round, turn.contender) for turn in block.turns]
        assert [number for number, _ in turns] == sorted(number for number, _ in turns)
        assert sorted(turns) == [(number, label) for number in range(4) for label in LABELS]


def test_each_usual_block_ends_with_idle_connections_of_all_but_the_yardsticks_in_an_order_of_their_own() -> None:
    everyone = list(MEMBERS.values())
    wanted: dict[str, Any] = {"blocks": 9, "other_wait_blocks": 1, "open_blocks": 1, "rounds": 2}
    blocks = schedule.blocks(plan(idle_connections=1000, **wanted), everyone)
    contenders = sorted(one.label for one in everyone if not one.is_yardstick)
    assert {block.kind: sorted(block.idle) for block in blocks} == {
        "usual": contenders,
        "other wait": [],
        "open loop": [],
    }
    assert len({block.idle for block in blocks if block.idle}) > 1
    without = schedule.blocks(plan(**wanted), everyone)
    assert [block.model_copy(update={"idle": ()}) for block in blocks] == list(without), "no other order changes"


def test_blocks_are_numbered_from_zero() -> None:
    assert [block.index for block in schedule.blocks(plan(blocks=3), members())] == [0, 1, 2]


def test_the_same_seed_gives_the_same_order_in_every_version_of_python() -> None:
    first, second = schedule.blocks(plan(blocks=2, rounds=1, seed=7), members())
    assert [turn.contender for turn in first.turns] == ["b", "c", "a", "d", "c", "d", "b", "a"]
    assert second.launches == ("c", "b", "a", "d")


def test_another_seed_gives_another_order() -> None:
    assert schedule.blocks(plan(seed=1), members()) != schedule.blocks(plan(seed=2), members())


def test_a_longer_plan_begins_like_a_shorter_one() -> None:
    assert schedule.blocks(plan(blocks=9), members())[:4] == schedule.blocks(plan(blocks=4), members())


def test_everyone_goes_first_about_equally_often() -> None:
    blocks = schedule.blocks(plan(blocks=100, rounds=8), members())
    rounds = Counter(block.turns[place].contender for block in blocks for place in range(4, 36, 4))
    launches = Counter(block.launches[0] for block in blocks)
    assert all(150 <= rounds[label] <= 250 for label in LABELS)
    assert all(10 <= launches[label] <= 45 for label in LABELS)


def test_connections_to_several_workers_are_renewed_in_evenly_spread_rounds() -> None:
    (block,) = schedule.blocks(plan(blocks=1, rounds=8, renewals=4), members("b"))
    assert [(turn.contender, turn.round) for turn in block.turns if turn.renew] == [("b", n) for n in (1, 3, 5, 7)]


def test_more_renewals_than_rounds_renew_in_every_round() -> None:
    (block,) = schedule.blocks(plan(blocks=1, rounds=2, renewals=4), members("a", "b"))
    assert {turn.round for turn in block.turns if turn.renew} == {1, 2}
    assert not any(turn.renew for turn in block.turns if turn.contender in {"c", "d"})


def test_starts_go_round_everyone_before_anyone_starts_again() -> None:
    order = schedule.starts(plan(starts=6), LABELS)
    assert [start.index for start in order] == [index for index in range(6) for _ in LABELS]
    rounds = [tuple(start.contender for start in order if start.index == index) for index in range(6)]
    assert all(sorted(labels) == list(LABELS) for labels in rounds)
    assert len(set(rounds)) > 1


def test_slices_have_leads_all_over_the_period_and_warm_ups_none() -> None:
    wanted: dict[str, Any] = {"blocks": 20, "rounds": 3}
    found = schedule.blocks(plan(**wanted, lead_s=2.0), members())
    turns = [turn for block in found for turn in block.turns]
    assert {turn.lead_s for turn in turns if not turn.round} == {0.0}
    leads = [turn.lead_s for turn in turns if turn.round]
    assert all(0 <= lead < 2 for lead in leads)
    assert 0.9 < sum(leads) / len(leads) < 1.1
    orders = [[turn.model_copy(update={"lead_s": 0.0}) for turn in block.turns] for block in found]
    assert orders == [list(block.turns) for block in schedule.blocks(plan(**wanted), members())], "all else is the same"


def test_warm_ups_differ_in_length_from_block_to_block_and_slices_do_not() -> None:
    wanted: dict[str, Any] = {"blocks": 40, "rounds": 3}
    found = schedule.blocks(plan(**wanted, warm_spread_s=2.0), members())
    turns = [turn for block in found for turn in block.turns]
    assert {turn.lead_s for turn in turns if turn.round} == {0.0}
    leads = [turn.lead_s for turn in turns if not turn.round]
    assert len(set(leads)) == len(leads)
    assert all(0 <= lead < 2 for lead in leads)
    assert 0.85 < sum(leads) / len(leads) < 1.15
    orders = [[turn.model_copy(update={"lead_s": 0.0}) for turn in block.turns] for block in found]
    assert orders == [list(block.turns) for block in schedule.blocks(plan(**wanted), members())], "all else is the same"


def test_no_starts_are_none() -> None:
    assert schedule.starts(plan(starts=0, no_bytecode_starts=3), LABELS) == ()


def test_everyone_but_null_meets_the_reference_in_every_round_of_duets() -> None:
    field = [MEMBERS[label] for label in (FASTAPI, FLASK, NULL, CONTROL)]
    (block,) = schedule.blocks(plan(blocks=1, rounds=2, duets=3), field)
    duets = [turn for turn in block.turns if turn.beside]
    assert [turn.beside for turn in duets] == 6 * [FASTAPI]
    assert [turn.round for turn in duets] == [1, 1, 2, 2, 3, 3]
    assert {turn.contender for turn in duets} == {FLASK, CONTROL}
    assert block.turns[-6:] == tuple(duets)


def test_blocks_of_the_other_wait_policy_are_spread_among_the_usual_ones_and_have_slices_only() -> None:
    order = schedule.blocks(plan(blocks=6, rounds=1, duets=1, other_wait_blocks=2), members())
    assert [block.index for block in order] == [0, 1, 6, 2, 3, 7, 4, 5]
    others = [block for block in order if block.kind == "other wait"]
    assert [block.index for block in others] == [6, 7]
    assert not any(turn.beside or turn.share for block in others for turn in block.turns)


def test_open_loop_comes_last_and_loads_all_but_control_at_every_share() -> None:
    field = [MEMBERS[label] for label in (FASTAPI, NULL, CONTROL)]
    *_, block = schedule.blocks(plan(blocks=2, open_blocks=1, open_shares=(0.3, 0.6)), field)
    assert (block.kind, block.index) == ("open loop", 2)
    assert sorted(block.launches) == [FASTAPI, NULL]
    windows = sorted((turn.contender, turn.round, turn.share) for turn in block.turns if turn.round)
    assert windows == [(label, number, share) for label in (FASTAPI, NULL) for number, share in ((1, 0.3), (2, 0.6))]
    assert all(turn == Turn(contender=turn.contender, round=0) for turn in block.turns[:2])


def test_a_run_asked_for_other_blocks_has_the_same_usual_ones() -> None:
    without = schedule.blocks(plan(blocks=4), members())
    among = schedule.blocks(plan(blocks=4, other_wait_blocks=3, open_blocks=2), members())
    assert tuple(block for block in among if block.kind == "usual") == without


def test_warm_starts_alone_have_the_order_that_they_always_had() -> None:
    order = schedule.starts(plan(starts=2, seed=7), LABELS)
    assert [start.contender for start in order] == ["b", "d", "a", "c", "a", "b", "d", "c"]


def test_variants_are_mixed_within_a_round_and_each_has_its_own_number_of_starts() -> None:
    order = schedule.starts(plan(starts=6, dropped_starts=4, no_bytecode_starts=2), LABELS)
    counted = Counter((start.contender, start.variant) for start in order)
    assert {counted[label, StartVariant.WARM] for label in LABELS} == {6}
    assert {counted[label, StartVariant.DROPPED] for label in LABELS} == {4}
    assert {counted[label, StartVariant.NO_BYTECODE] for label in LABELS} == {2}
    assert [start.index for start in order] == sorted(start.index for start in order)
    first = [start.variant for start in order if start.index == 0]
    assert first != sorted(first, key=list(StartVariant).index)


def start(contender: str, variant: StartVariant, *, counted: bool = True) -> Start:
    return Start(contender=contender, index=0, variant=variant, counted=counted)


def test_every_start_finds_the_page_cache_as_one_of_its_kind_left_it_or_just_dropped() -> None:
    planned = schedule.starts(plan(starts=5, dropped_starts=5, no_bytecode_starts=5), LABELS)
    full = {(label, StartVariant.WARM) for label in LABELS}
    for one in schedule.filled(planned):
        if one.variant is StartVariant.DROPPED:
            full = {(one.contender, StartVariant.WARM)}
            continue
        assert ((one.contender, one.variant) in full) == one.counted
        full.add((one.contender, one.variant))
    assert tuple(one for one in schedule.filled(planned) if one.counted) == planned


def test_a_dropped_start_leaves_its_contender_warm_and_nobody_else() -> None:
    dropped, own, other = (
        start("a", StartVariant.DROPPED),
        start("a", StartVariant.WARM),
        start("b", StartVariant.WARM),
    )
    filling = start("b", StartVariant.WARM, counted=False)
    assert list(schedule.filled([dropped, own, other])) == [dropped, own, filling, other]


def test_where_nothing_is_dropped_only_sources_have_to_be_read_once() -> None:
    warm, bare = start("a", StartVariant.WARM), start("a", StartVariant.NO_BYTECODE)
    filling = start("a", StartVariant.NO_BYTECODE, counted=False)
    assert list(schedule.filled([warm, bare, warm, bare])) == [warm, filling, bare, warm, bare]
