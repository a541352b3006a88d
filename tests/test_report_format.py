from __future__ import annotations

import pytest

from harness.model import Estimate
from harness.report import format as written
from harness.report.format import Cell


def between(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=12)


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.52, 0.51, 0.53, "0.52x (0.51 to 0.53)"),
        (0.5183, 0.5152, 0.5214, "0.518x (0.515 to 0.521)"),
        (0.5, 0.1, 0.9, "0.50x (0.10 to 0.90)"),
        (1.0, 1.0, 1.0, "1.000x (1.000 to 1.000)"),
        (11.36, 11.19, 11.53, "11.4x (11.2 to 11.5)"),
        (1.16, 1.02, 1.31, "1.16x (1.02 to 1.31)"),
        (0.9, 0.82, 0.97, "0.90x (0.82 to 0.97)"),
        (0.85, 0.74, 0.98, "0.85x (0.74 to 0.98)"),
        (1.16, 0.98, 1.31, "1.2x (1.0 to 1.3)"),
        (1.05, 1.00004, 1.1, "1.05000x (1.00004 to 1.10000)"),
    ],
)
def test_the_digits_of_a_ratio_follow_the_width_of_its_interval(
    value: float, low: float, high: float, text: str
) -> None:
    assert str(written.ratio(between(value, low, high))) == text


def test_without_an_interval_a_number_has_three_digits_and_no_brackets() -> None:
    assert written.requests_per_s(Estimate(value=4443.2, low=None, high=None, n=2)) == Cell("4,440")


def test_thousands_are_separated() -> None:
    assert str(written.requests_per_s(between(57312, 56800, 57900))) == "57,300 (56,800 to 57,900)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.2, "1.20 s"),
        (0.0221, "22.1 ms"),
        (0.000087, "87.0 µs"),
        (0.0, "0.00 µs"),
        (120.0, "120 s"),
        (None, "not measured"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(seconds: float | None, text: str) -> None:
    assert written.duration(seconds) == text


def test_value_and_interval_of_a_start_share_one_unit() -> None:
    assert str(written.start_duration(between(1.02, 0.98, 1.06))) == "1.02 s (0.98 to 1.06)"


@pytest.mark.parametrize(
    ("value", "text"), [(0.002889, "$0.0029"), (0.00023, "$0.00023"), (1.5, "$1.5"), (None, "not measured")]
)
def test_dollars_are_never_rounded_to_nothing(value: float | None, text: str) -> None:
    assert written.dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(58_300_000, "58.3 MB"), (999, "999 B"), (4.1e9, "4.10 GB"), (None, "not measured")]
)
def test_sizes_have_decimal_prefixes(value: float | None, text: str) -> None:
    assert written.size(value) == text


def test_cpu_time_per_request_is_shown_as_milliseconds_per_thousand() -> None:
    assert written.cpu_ms_per_1000(0.000_220) == "220"


def test_a_share_is_shown_in_percent() -> None:
    assert written.percent(0.0213) == "2.1 %"


def test_absent_is_not_measured_and_never_zero() -> None:
    shown = [
        written.requests_per_s(None).main,
        written.ratio(None).main,
        written.start_duration(None).main,
        written.cpu_ms_per_1000(None),
        written.percent(None),
        written.per_request(None),
        written.count(None),
        written.times(None),
        written.rate(None),
    ]
    assert set(shown) == {"not measured"}


def test_a_moment_is_in_utc() -> None:
    assert (written.date(86_399.0), written.moment(86_399.0)) == ("1970-01-01", "1970-01-01 23:59 UTC")
