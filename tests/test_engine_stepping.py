"""How long a slice lasts follows from the warm-up of its contender."""

from typing import Any

import pytest

from harness.engines.base import longest_s
from harness.engines.stepping import _duration_s, _speed
from harness.model import Expectation, Histogram, Recording, Request, Scenario, Turn
from tests.builders import plan

REFUSES = {"turned-away": Expectation(status=503, json_body={})}
REQUEST = Request(name="one", path="/one", expect=Expectation(json_body={}), alternatives=REFUSES)
BUSY = Scenario(name="busy", about="a", isolates="b", leaves_out="c", requests=(REQUEST,))

SLICE = Turn(contender="a", round=1)


def warm_up(**fields: Any) -> Recording:
    """Of 0.8 s; nothing was counted unless it is said."""
    given: dict[str, Any] = {"contender": "a", "round": 0, "started_at": 0, "duration_s": 0.8, "drain_s": 0.6}
    given |= {"answered": 224, "counted": 0, "counted_s": 0, "latency": Histogram(), "longest_s": 1.3, "busy": None}
    given |= {"connections": 100, "reconnects": 0, "asked_again": 0, "generator_cpu_s": 0, "generator_empty_s": 0}
    return Recording.model_validate(given | fields)


def test_after_a_warm_up_that_counted_nothing_slices_are_as_long_as_they_may_be() -> None:
    """All answers over 0.8 s would say 280 a second, and the longest request ended with the warm-up."""
    warm = {"a": _speed(warm_up(), BUSY)}
    for longest in (2, 9):
        assert _duration_s(plan(slice_max_s=longest), SLICE, warm) == longest


def test_a_warm_up_that_counted_tells_it_from_what_it_counted() -> None:
    counted = warm_up(counted=600, counted_s=0.5, latency=Histogram(first=1, counts=(1,), sum_s=0.2, max_s=0.2))
    assert _speed(counted, BUSY) == pytest.approx((1200, 0.2))


def test_whoever_was_turned_away_makes_no_slice_shorter() -> None:
    half = {"alternatives": {"turned-away": 300}, "counted_alternatives": {"turned-away": 300.0}}
    counted = warm_up(counted=600, counted_s=0.5, latency=Histogram(first=1, counts=(1,), sum_s=0.2, max_s=0.2), **half)
    assert _speed(counted, BUSY) == pytest.approx((600, 0.2))


def test_a_warm_up_lasts_longer_by_its_lead() -> None:
    led = Turn(contender="a", round=0, lead_s=1.7)
    assert _duration_s(plan(warm_s=0.8), led, {}) == pytest.approx(2.5)
    assert longest_s(plan(warm_s=0.8), led) >= 2.5


def test_a_lead_makes_a_slice_longer_whatever_its_length() -> None:
    led = SLICE.model_copy(update={"lead_s": 0.7})
    for slow in (0.5, 9):
        asked = plan(slice_max_s=slow)
        warm = {"a": (160.0, 1.0)}
        assert _duration_s(asked, led, warm) == pytest.approx(0.7 + _duration_s(asked, SLICE, warm))
        assert longest_s(asked, led) >= _duration_s(asked, led, warm)
