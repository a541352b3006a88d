"""The order of questions: weights are slots, and every slot takes the next of its kind from one source for all."""

from collections import Counter
from itertools import islice

import pytest

from harness import catalog
from harness.engines.cycle import Cycle, RanOutError
from harness.model import Draw, Expectation, Request, Scenario

ONCE = Draw(of="newcomer", count=3, once=True)


def scenario(**weights: int) -> Scenario:
    requests = tuple(
        Request(
            name=name,
            path="/",
            weight=weight,
            draw=ONCE if name == "once" else None,
            expect=Expectation(json_body=None),
        )
        for name, weight in weights.items()
    )
    return Scenario(name="x", about="", isolates="", leaves_out="", requests=requests)


def cycle(seed: int = 0, **weights: int) -> Cycle[str]:
    made = {name: [f"{name}{number}" for number in range(3)] for name in weights}
    return Cycle(scenario(**weights), made, seed)


def test_each_request_has_its_share_in_every_cycle_of_every_user() -> None:
    asked = cycle(often=6, rare=2, never=0)
    for share in (0.0, 0.5, 0.99):
        found = Counter(one[:-1] for one in islice(asked.begun_at(share), 16))
        assert found == {"often": 12, "rare": 4}


def test_the_order_of_slots_is_shuffled_by_the_seed_and_users_begin_at_different_places() -> None:
    def kinds(seed: int, share: float = 0.0) -> list[str]:
        return [one[:-1] for one in islice(cycle(seed, often=60, rare=20).begun_at(share), 80)]

    assert kinds(1) == kinds(1)
    assert kinds(1) != kinds(2)
    assert "rare" in kinds(1)[:40]
    assert kinds(1, 0.5) == kinds(1)[40:] + kinds(1)[:40]


def test_users_take_the_next_of_a_request_from_one_source() -> None:
    asked = cycle(item=1)
    one, other = asked.begun_at(0.0), asked.begun_at(0.9)
    assert [next(one), next(other), next(one), next(other)] == ["item0", "item1", "item2", "item0"]


def test_what_is_asked_once_runs_out_for_everybody_and_for_good() -> None:
    asked = cycle(once=1)
    one, other = asked.begun_at(0.0), asked.begun_at(0.0)
    assert [next(one), next(other), next(one)] == ["once0", "once1", "once2"]
    for user in (one, other, one):
        with pytest.raises(RanOutError, match="once"):
            next(user)


def test_the_mixed_scenario_asks_for_what_it_says() -> None:
    mixed = catalog.read().scenarios["mixed"]
    asked = Cycle(mixed, {request.name: [request.name] * 1000 for request in mixed.load}, 0)
    assert Counter(islice(asked.begun_at(0.3), 1000)) == {request.name: request.weight for request in mixed.load}
