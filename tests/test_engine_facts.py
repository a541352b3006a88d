"""Facts: the estimator and Little's law on journals whose truth is known."""

from array import array

import pytest

from harness.engines.facts import Journal, busy, facts

_MS = 1_000_000


def _journal(*requests_ms: tuple[int, int]) -> Journal:
    journal = Journal()
    for start, end in requests_ms:
        journal.starts.append(start * _MS)
        journal.ends.append(end * _MS)
    return journal


def test_throughput_counts_from_the_end_of_the_first_turnover_to_the_last_completion_before_the_stop() -> None:
    one = _journal((0, 30), (30, 40), (40, 50), (50, 60))
    other = _journal((0, 20), (20, 35), (35, 45), (45, 80))
    found = facts([one, other], 2, stop_ns=70 * _MS)
    # Completions before the stop: 20 30 | 35 40 45 50 60.
    assert found.counted == 5
    assert found.counted_s == pytest.approx(0.030)
    assert found.all_ns.size == 8


def test_latencies_are_of_requests_started_after_the_first_turnover_and_followed_through_the_drain() -> None:
    one = _journal((0, 30), (31, 40), (40, 50), (50, 60))
    other = _journal((0, 20), (20, 35), (35, 45), (45, 80))
    found = facts([one, other], 2, stop_ns=70 * _MS)
    assert sorted(found.samples_ns.tolist()) == [9 * _MS, 10 * _MS, 10 * _MS, 10 * _MS, 35 * _MS]
    assert sum(found.latency.counts) == 5
    assert found.latency.max_s == pytest.approx(0.035)


def test_a_turn_that_never_ends_its_first_turnover_counts_nothing() -> None:
    for journals in ([], [Journal(), Journal()], [_journal((0, 10)), _journal((0, 20))]):
        found = facts(journals, 2, stop_ns=70 * _MS)
        assert (found.counted, found.counted_s) == (0, 0.0)
        assert found.latency.counts == ()


def test_a_connection_that_never_rests_is_busy_whatever_the_server_delays() -> None:
    assert busy([_journal((0, 500), (500, 1000), (1000, 1001))], 1) == pytest.approx(1.0)


def test_think_time_between_requests_shows() -> None:
    assert busy([_journal((0, 10), (20, 30), (40, 50), (60, 70))], 1) == pytest.approx(0.5)


def test_a_missing_connection_shows() -> None:
    working = _journal((0, 10), (10, 20), (20, 30))
    assert busy([working], 2) == pytest.approx(0.5)
    assert busy([working, Journal()], 2) == pytest.approx(0.5)


def test_without_a_whole_cycle_nothing_is_said_of_little_s_law() -> None:
    assert busy([_journal((0, 10))], 1) is None


def test_a_request_without_a_correct_answer_kept_its_connection_busy() -> None:
    journal = _journal((0, 10), (10, 20))
    journal.starts.append(20 * _MS)
    assert journal.under_way_since == 20 * _MS
    journal.fail(40 * _MS)
    assert journal.under_way_since is None
    journal.starts.append(40 * _MS)
    journal.ends.append(50 * _MS)
    assert busy([journal], 1) == pytest.approx(1.0)
    assert journal.starts == array("q", [0, 10 * _MS, 40 * _MS])
