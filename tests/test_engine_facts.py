"""Facts: the estimator and Little's law on journals whose truth is known."""

from array import array

import numpy as np
import pytest

from harness import catalog, histogram
from harness.engines.facts import Facts, Journal, busy, facts, first_ends
from harness.engines.merging import closed_window
from harness.guards.generator import LITTLE

_MS = 1_000_000
_HASH_S = 0.05


def _journal(*requests_ms: tuple[float, float]) -> Journal:
    journal = Journal()
    for start, end in requests_ms:
        journal.starts.append(round(start * _MS))
        journal.ends.append(round(end * _MS))
    return journal


def _facts(journals: list[Journal], connections: int, stop_ns: int) -> Facts:
    """As a single generator finds them."""
    ends = first_ends(journals, 2 * connections, stop_ns)
    return facts(journals, connections, closed_window([ends], connections, stop_ns))


def test_an_answer_counts_by_the_share_of_its_time_between_the_second_turnover_s_end_and_the_stop() -> None:
    one = _journal((0, 30), (30, 40), (40, 50), (50, 60), (60, 75))
    other = _journal((0, 20), (20, 35), (35, 45), (45, 80))
    found = _facts([one, other], 2, stop_ns=70 * _MS)
    # Completions before the stop: 20 30 | 35 40 | 45 50 60: the window is 40 to 70.
    assert found.counted_s == pytest.approx(0.030)
    assert found.counted == pytest.approx(1 + 1 + 10 / 15 + 5 / 10 + 25 / 35)
    assert found.all_ns.size == 9
    assert found.longest_s == pytest.approx(0.035)


def test_of_the_answers_that_were_correct_in_another_way_only_those_in_the_window_count() -> None:
    one = _journal((0, 30))
    one.note("busy")
    one.note("busy")  # both before the window
    for start, end, way in ((30, 40, None), (40, 50, "busy"), (50, 60, None), (60, 75, "late")):
        one.starts.append(start * _MS)
        one.ends.append(end * _MS)
        if way:
            one.note(way)
    other = _journal((0, 20), (20, 35), (35, 45), (45, 80))
    other.note("busy")
    found = _facts([one, other], 2, stop_ns=70 * _MS)
    assert found.counted_alternatives == pytest.approx({"busy": 1 + 25 / 35, "late": 10 / 15})


def test_where_everybody_was_turned_away_nothing_is_left_to_the_last_digit() -> None:
    journals = [Journal() for _ in range(7)]
    for number, journal in enumerate(journals):
        for place in range(40):
            journal.starts.append((number + 13 * place) * _MS)
            journal.ends.append((number + 13 * place + 11) * _MS)
            journal.note("busy")
    found = _facts(journals, 7, stop_ns=433 * _MS)
    assert found.counted > 100
    assert found.counted_alternatives == {"busy": found.counted}


def test_latencies_are_of_requests_started_in_the_window_and_followed_through_the_drain() -> None:
    one = _journal((0, 30), (31, 40), (40, 50), (50, 60))
    other = _journal((0, 20), (20, 35), (35, 45), (45, 80))
    found = _facts([one, other], 2, stop_ns=70 * _MS)
    assert sorted(found.samples_ns.tolist()) == [10 * _MS, 10 * _MS, 35 * _MS]
    assert sum(found.latency.counts) == 3
    assert found.latency.max_s == pytest.approx(0.035)


def test_a_turn_that_never_ends_its_second_turnover_counts_nothing() -> None:
    for journals in ([], [Journal(), Journal()], [_journal((0, 10)), _journal((0, 20))]):
        found = _facts(journals, 2, stop_ns=70 * _MS)
        assert (found.counted, found.counted_s) == (0, 0.0)
        assert found.latency.counts == ()


@pytest.mark.parametrize("delay_ms", [20.0, 62.0, 124.0])
@pytest.mark.parametrize("turnovers", [4.1, 4.5, 5.0, 6.0, 6.9])
def test_a_server_that_answers_in_waves_is_not_misread_whatever_the_phase_of_the_stop(
    delay_ms: float, turnovers: float
) -> None:
    """A hundred connections that all wait the same time come in waves; two counted turnovers are enough."""
    connections, turn_ms = 100, turnovers * delay_ms
    random = np.random.default_rng(1)
    journals = [_waiting(random, delay_ms, turn_ms) for _ in range(connections)]
    found = _facts(journals, connections, stop_ns=int(turn_ms * _MS))
    assert found.counted / found.counted_s == pytest.approx(1000 * connections / delay_ms, rel=0.01)


def _waiting(random: np.random.Generator, delay_ms: float, turn_ms: float) -> Journal:
    """One connection to a server that answers each request after this time, within 2 %."""
    requests, now_ms = [], 0.0
    while now_ms < turn_ms:
        end_ms = now_ms + delay_ms * random.normal(1, 0.02)
        requests.append((now_ms, end_ms))
        now_ms = end_ms
    return _journal(*requests)


def test_threads_that_share_a_cpu_keep_littles_law_in_slices_of_the_scenarios_that_are_all_hashing() -> None:
    """What drains speeds up, for nobody else comes. In slices of the usual length that shows."""
    scenario = catalog.read().scenarios["login"]
    assert scenario.slice_min_s
    usual_s = 6 * scenario.connections * _HASH_S
    for slice_s, holds in ((usual_s, False), (scenario.slice_min_s, True)):
        random = np.random.default_rng(1)
        found = [_in_threads(random, scenario.connections, slice_s) for _ in range(100)]
        per_s = sum(one.counted for one in found) / sum(one.counted_s for one in found)
        latency = histogram.merged(one.latency for one in found)
        share = per_s * latency.sum_s / sum(latency.counts) / scenario.connections
        assert (abs(share - 1) < LITTLE) is holds
        assert per_s == pytest.approx(1 / _HASH_S, rel=0.005 if holds else 0.02)


def _in_threads(random: np.random.Generator, connections: int, slice_s: float) -> Facts:
    """A slice of a server that hashes for all its connections at once on one CPU, each 50 ms of it within 2 %."""
    journals = [Journal(starts=array("q", [0])) for _ in range(connections)]
    left_s = dict(enumerate(random.normal(_HASH_S, 0.02 * _HASH_S, connections)))
    now_s = 0.0
    while left_s:
        first, least_s = min(left_s.items(), key=lambda pair: pair[1])
        now_s += least_s * len(left_s)
        left_s = {one: rest_s - least_s for one, rest_s in left_s.items() if one != first}
        journals[first].ends.append(round(1e9 * now_s))
        if now_s < slice_s:
            journals[first].starts.append(round(1e9 * now_s))
            left_s[first] = random.normal(_HASH_S, 0.02 * _HASH_S)
    return _facts(journals, connections, stop_ns=round(1e9 * slice_s))


def test_a_connection_that_never_rests_is_busy_whatever_the_server_delays() -> None:
    assert busy([_journal((0, 500), (500, 1000), (1000, 1001))], 1) == pytest.approx(1.0)


def test_think_time_between_requests_shows() -> None:
    assert busy([_journal((0, 10), (20, 30), (40, 50), (60, 70))], 1) == pytest.approx(0.5)


def test_a_missing_connection_shows() -> None:
    working = _journal((0, 10), (10, 20), (20, 30))
    assert busy([working], 2) == pytest.approx(0.5)
    assert busy([working, Journal()], 2) == pytest.approx(0.5)


def test_a_connection_stuck_in_its_first_request_was_busy() -> None:
    assert busy([_journal((0, 10)), _journal((0, 10), (20, 30), (40, 50))], 2) == pytest.approx(0.75)


def test_where_nobody_asked_anything_nothing_is_said_of_think_time() -> None:
    assert busy([], 2) is None


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
