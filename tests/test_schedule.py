"""Orders are random, balanced, and follow from the seed alone."""

from collections import Counter

from harness import schedule
from harness.model import Member, Turn
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
    assert [index for index, _ in order] == [index for index in range(6) for _ in LABELS]
    assert all(sorted(label for at, label in order if at == index) == list(LABELS) for index in range(6))
    assert len({tuple(label for at, label in order if at == index) for index in range(6)}) > 1


def test_no_starts_are_none() -> None:
    assert schedule.starts(plan(starts=0), LABELS) == ()


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
