"""The order of questions: weights are slots, and every slot takes the next of its kind from one source for all."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest

from harness import catalog
from harness.engines.cycle import RanOutError, cycle
from harness.model import Draw, Expectation, Request, Scenario

ONCE = Draw(of="newcomer", count=3, once=True)


def scenario(**weights: int) -> Scenario:
    requests = tuple(
        Request(
            name=name,
            path="/",
            weight=weight,
            draw=ONCE if name == "once" else None,
            expect=Expectation(json_body=1),
        )
        for name, weight in weights.items()
    )
    return Scenario(name="x", about="", isolates="", leaves_out="", requests=requests)


def asked(seed: int = 0, **weights: int) -> Iterator[str]:
    made = {name: [f"{name}{number}" for number in range(3)] for name in weights}
    return cycle(scenario(**weights), made, seed)


def kinds(asked: Iterator[str], count: int) -> list[str]:
    return [one[:-1] for one in islice(asked, count)]


def test_each_request_has_its_share_in_every_cycle() -> None:
    found = asked(often=6, rare=2, never=0)
    for _ in range(3):
        assert Counter(kinds(found, 8)) == {"often": 6, "rare": 2}


def test_a_rare_request_comes_at_equal_distances_so_that_every_window_has_its_share() -> None:
    found = kinds(asked(often=97, rare=3), 400)
    places = [place for place, kind in enumerate(found) if kind == "rare"]
    assert {later - earlier for earlier, later in pairwise(places)} <= {32, 33, 34, 35}


def test_the_order_of_slots_is_the_seeds() -> None:
    assert kinds(asked(1, often=60, rare=20), 80) == kinds(asked(1, often=60, rare=20), 80)
    assert kinds(asked(1, often=60, rare=20), 80) != kinds(asked(2, often=60, rare=20), 80)


def test_a_request_takes_the_next_row_each_time() -> None:
    assert list(islice(asked(item=1), 4)) == ["item0", "item1", "item2", "item0"]


def test_what_is_asked_once_runs_out_for_good() -> None:
    for found in (asked(once=1), asked(once=3, other=1)):
        with pytest.raises(RanOutError, match="once"):
            list(found)
        with pytest.raises(RanOutError, match="once"):
            list(found)


def test_the_mixed_scenario_asks_for_what_it_says() -> None:
    mixed = catalog.read().scenarios["mixed"]
    found = cycle(mixed, {request.name: [request.name] * 1000 for request in mixed.load}, 0)
    assert Counter(islice(found, 1000)) == {request.name: request.weight for request in mixed.load}
