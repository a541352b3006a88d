"""Several generators that share a load say together what a single one would have said of it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import histogram
from harness.engines.clocks import Clock
from harness.engines.facts import Journal, facts, first_ends, paced_facts
from harness.engines.job import Portion
from harness.engines.merging import closed_window, merged
from harness.engines.orders import Window
from harness.engines.pace import Pace
from harness.model import ErrorCause, GeneratorPart, Paced, Recording
from tests import builders

# Of a real turn: 16 connections to flask@gthread for 0.12 s, in nanoseconds from the first start.
RECORDED = json.loads((Path(__file__).parent / "golden" / "journals.json").read_text(encoding="utf-8"))
CONNECTIONS = len(RECORDED["journals"])


def journals(ahead_ns: int = 0) -> list[Journal]:
    """As a generator writes them whose clock is so far ahead."""
    found = []
    for one in RECORDED["journals"]:
        journal = Journal()
        journal.starts.extend(start + ahead_ns for start in one["starts"])
        journal.ends.extend(end + ahead_ns for end in one["ends"])
        found.append(journal)
    return found


def part(connections: int) -> GeneratorPart:
    return GeneratorPart(
        connections=connections, duration_s=0.12, cpu_s=0.1, empty_s=0.0, late_s=0.0, clock_error_s=0.0
    )


def recorded(own: Sequence[Journal], window: Window, number: int = 0) -> Recording:
    """What a generator records of its own connections in a window of its own clock."""
    found = facts(own, len(own), window)
    return builders.recording(
        "flask",
        1,
        1000.0,
        answered=found.all_ns.size,
        counted=found.counted,
        counted_s=found.counted_s,
        latency=found.latency,
        longest_s=found.longest_s,
        busy=found.busy,
        connections=len(own),
        errors={ErrorCause.BODY: number} if number else {},
        first_error=f"body: {number}" if number else None,
        by_request={"hello": found.all_ns.size},
        drain_s=0.01 * number,
    )


def whole_window() -> Window:
    """As a single generator has it."""
    stop_ns = RECORDED["stop_ns"]
    return closed_window([first_ends(journals(), 2 * CONNECTIONS, stop_ns)], CONNECTIONS, stop_ns)


def together(of: int, stops_ns: Sequence[int], aheads_ns: Sequence[int]) -> Recording:
    """The load of so many generators, each with its clock, its share of the connections, and its stop."""
    clocks = [Clock(ahead_ns, 0) for ahead_ns in aheads_ns]
    own = [journals(clock.ahead_ns)[index::of] for index, clock in enumerate(clocks)]
    ends = [
        [clock.here(end) for end in first_ends(one, 2 * CONNECTIONS, clock.there(stop_ns))]
        for one, clock, stop_ns in zip(own, clocks, stops_ns, strict=True)
    ]
    window = closed_window(ends, CONNECTIONS, min(stops_ns))
    seen = [
        recorded(one, Window(clock.there(window.from_ns), clock.there(window.stop_ns)))
        for one, clock in zip(own, clocks, strict=True)
    ]
    return merged(seen, [part(len(one)) for one in own], 0.0, 0.12)


@pytest.mark.parametrize("of", [2, 3, 5, 16])
def test_of_recorded_journals_several_generators_say_what_one_says(of: int) -> None:
    """Whatever their clocks show, and though some stop later than others: the window ends with the first to stop."""
    stop_ns = RECORDED["stop_ns"]
    alone = recorded(
        journals(), closed_window([first_ends(journals(), 2 * CONNECTIONS, stop_ns)], CONNECTIONS, stop_ns)
    )
    found = together(of, [stop_ns + 1_000_000 * index for index in range(of)], [10**15 * index for index in range(of)])
    assert found.counted == pytest.approx(alone.counted, rel=1e-12)
    assert 60 < found.counted < 119
    assert found.counted_s == alone.counted_s
    assert (found.latency.first, found.latency.counts) == (alone.latency.first, alone.latency.counts)
    assert (found.latency.min_s, found.latency.max_s) == (alone.latency.min_s, alone.latency.max_s)
    assert found.latency.sum_s == pytest.approx(alone.latency.sum_s, rel=1e-12)
    assert found.busy == pytest.approx(alone.busy, rel=1e-12)
    same = {"answered", "longest_s", "connections", "by_request", "errors", "first_error"}
    assert found.model_dump(include=same) == alone.model_dump(include=same)


def test_a_window_of_each_generator_s_own_would_say_something_else() -> None:
    """So that the test above can fail: the second turnover of half of the connections ends at another moment."""
    stop_ns = RECORDED["stop_ns"]
    whole = whole_window()
    half = journals()[1::2]
    own = closed_window([first_ends(half, CONNECTIONS, stop_ns)], CONNECTIONS // 2, stop_ns)
    assert facts(half, 8, own).counted != pytest.approx(facts(half, 8, whole).counted, rel=1e-6)


def test_where_one_generator_saw_both_turnovers_the_window_begins_all_the_same() -> None:
    assert closed_window([range(10, 90, 10), []], 2, 100) == Window(40, 100)
    assert closed_window([[10, 20], [15]], 2, 100) == Window(100, 100), "three of four completions: nothing is counted"
    assert closed_window([[10, 20, 30], [15, 25]], 1, 12) == Window(12, 12), "what came after the stop is none"


def test_with_a_lead_the_window_begins_so_much_later_and_never_after_the_stop() -> None:
    ends = [range(10, 90, 10), []]
    assert closed_window(ends, 2, 100, lead_s=30e-9) == Window(70, 100)
    assert closed_window(ends, 2, 100, lead_s=90e-9) == Window(100, 100)


def test_errors_are_added_and_the_first_generator_that_had_one_says_what_it_was() -> None:
    window = Window(0, RECORDED["stop_ns"])
    seen = [recorded(journals()[:8], window), recorded(journals()[8:], window, 3), recorded([], window, 4)]
    found = merged(seen, [part(8), part(8), part(0)], 5.0, 0.12)
    assert found.errors == {ErrorCause.BODY: 7}
    assert found.first_error == "body: 3"
    assert found.drain_s == 0.04
    assert found.started_at == 5.0


def test_a_generator_that_asked_nothing_had_idle_connections() -> None:
    window = Window(0, RECORDED["stop_ns"])
    busy = recorded(journals()[:12], window)
    idle = recorded([], window)
    assert idle.busy is None
    found = merged([busy, idle], [part(12), part(4)], 0.0, 0.12)
    assert found.busy == pytest.approx(0.75 * (busy.busy or 0))
    assert merged([idle, idle], [part(8), part(8)], 0.0, 0.12).busy is None


def test_open_loop_is_merged_by_counts_and_histograms() -> None:
    window = Window(0, RECORDED["stop_ns"])
    alone = paced_facts(journals(), window)
    halves = [paced_facts(journals()[index::2], window) for index in range(2)]
    kept = [
        Paced(share=0.3, rate_per_s=600, due=50, in_time=48 + late, queued=late, lag=histogram.of([0.001 * (1 + late)]))
        for late in range(2)
    ]
    seen = [
        builders.recording("x", 1, 100, counted=half.counted, latency=half.latency, paced=paced, busy=None)
        for half, paced in zip(halves, kept, strict=True)
    ]
    found = merged(seen, [part(8), part(8)], 0.0, 0.12)
    assert found.counted == alone.counted
    assert found.latency.counts == alone.latency.counts
    assert found.paced
    assert (found.paced.rate_per_s, found.paced.due, found.paced.in_time, found.paced.queued) == (600, 100, 97, 1)
    assert (found.paced.lag.min_s, found.paced.lag.max_s) == (0.001, 0.002)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_the_moments_of_several_generators_are_evenly_spaced_together(of: int) -> None:
    moments: list[int] = []
    for index in range(of):
        pace = Pace(1000.0, 100, Portion(index=index, of=of))
        pace.start(5)
        moments += list(iter(pace.take, None))
    assert sorted(moments) == [5 + 1_000_000 * place for place in range(100)]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_connections_and_rows_are_split_without_rest(of: int) -> None:
    portions = [Portion(index=index, of=of) for index in range(of)]
    own = [portion.connections(100) for portion in portions]
    assert sum(own) == 100
    assert max(own) - min(own) <= 1
    rows = [f"row {number}" for number in range(40)]
    once = [portion.rows(rows, once=True) for portion in portions]
    assert sorted(row for each in once for row in each) == sorted(rows), "none is asked twice, none is left out"
    again = [portion.rows(rows, once=False) for portion in portions]
    assert all(sorted(each) == sorted(rows) for each in again)
    assert len({each[0] for each in again}) == of, "they begin at different rows"


def test_the_closest_exchange_tells_how_far_a_clock_is_ahead() -> None:
    far = Clock.read(asked_ns=0, shown_ns=1_000_900, answered_ns=1000)
    near = Clock.read(asked_ns=0, shown_ns=1_000_010, answered_ns=100)
    assert (far.ahead_ns, far.error_ns) == (1_000_400, 500)
    assert abs(far.ahead_ns - near.ahead_ns) <= far.error_ns + near.error_ns
    assert Clock.closest([far, near]) == near
    assert near.here(near.there(123)) == 123
