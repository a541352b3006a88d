"""Orders are random, balanced, and follow from the seed alone."""

from collections import Counter

from harness import schedule
from tests.builders import plan

LABELS = ("a", "b", "c", "d")


def test_every_block_launches_warms_and_measures_everyone_once_a_round() -> None:
    for block in schedule.blocks(plan(blocks=5, rounds=3), LABELS):
        assert sorted(block.launches) == list(LABELS)
        turns = [(turn.round, turn.contender) for turn in block.turns]
        assert [number for number, _ in turns] == sorted(number for number, _ in turns)
        assert sorted(turns) == [(number, label) for number in range(4) for label in LABELS]


def test_blocks_are_numbered_from_zero() -> None:
    assert [block.index for block in schedule.blocks(plan(blocks=3), LABELS)] == [0, 1, 2]


def test_the_same_seed_gives_the_same_order_in_every_version_of_python() -> None:
    first, second = schedule.blocks(plan(blocks=2, rounds=1, seed=7), LABELS)
    assert [turn.contender for turn in first.turns] == ["b", "c", "a", "d", "c", "d", "b", "a"]
    assert second.launches == ("c", "b", "a", "d")


def test_another_seed_gives_another_order() -> None:
    assert schedule.blocks(plan(seed=1), LABELS) != schedule.blocks(plan(seed=2), LABELS)


def test_a_longer_plan_begins_like_a_shorter_one() -> None:
    assert schedule.blocks(plan(blocks=9), LABELS)[:4] == schedule.blocks(plan(blocks=4), LABELS)


def test_everyone_goes_first_about_equally_often() -> None:
    blocks = schedule.blocks(plan(blocks=100, rounds=8), LABELS)
    rounds = Counter(block.turns[place].contender for block in blocks for place in range(4, 36, 4))
    launches = Counter(block.launches[0] for block in blocks)
    assert all(150 <= rounds[label] <= 250 for label in LABELS)
    assert all(10 <= launches[label] <= 45 for label in LABELS)


def test_connections_to_several_workers_are_renewed_in_evenly_spread_rounds() -> None:
    (block,) = schedule.blocks(plan(blocks=1, rounds=8, renewals=4), LABELS, {"b"})
    assert [(turn.contender, turn.round) for turn in block.turns if turn.renew] == [("b", n) for n in (1, 3, 5, 7)]


def test_more_renewals_than_rounds_renew_in_every_round() -> None:
    (block,) = schedule.blocks(plan(blocks=1, rounds=2, renewals=4), LABELS, {"a", "b"})
    assert {turn.round for turn in block.turns if turn.renew} == {1, 2}
    assert not any(turn.renew for turn in block.turns if turn.contender in {"c", "d"})


def test_starts_go_round_everyone_before_anyone_starts_again() -> None:
    order = schedule.starts(plan(starts=6), LABELS)
    assert [index for index, _ in order] == [index for index in range(6) for _ in LABELS]
    assert all(sorted(label for at, label in order if at == index) == list(LABELS) for index in range(6))
    assert len({tuple(label for at, label in order if at == index) for index in range(6)}) > 1


def test_no_starts_are_none() -> None:
    assert schedule.starts(plan(starts=0), LABELS) == ()
