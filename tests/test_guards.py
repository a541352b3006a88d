"""Every guard fires where it must and keeps silent where it must not."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness import guards, histogram
from harness.model import (
    BlockOutcome,
    Doubt,
    ErrorCause,
    Failure,
    GeneratorPart,
    MachineReading,
    Recording,
    ResultSet,
    ServerOutcome,
    TurnOutcome,
    Verdict,
)
from tests.builders import (
    CONTROL,
    DJANGO,
    FASTAPI,
    FLASK,
    MEMBERS,
    NULL,
    THROUGHPUTS,
    altered,
    launched,
    result_set,
    served,
    usage,
)

MEMBER = MEMBERS[FLASK]
TWO_WORKERS = {**MEMBERS, FLASK: MEMBER.model_copy(update={"workers": 2})}
CLOSED = {**MEMBERS, FLASK: MEMBER.model_copy(update={"connections": "closed"})}
GONE = Failure(stage="launch", message="`flask@gthread` did not answer within 30 s.")

Change = Callable[[TurnOutcome], dict[str, Any]]


def _seen(run: ResultSet, guard: str, contender: str | None = FLASK) -> Doubt:
    (found,) = (doubt for doubt in guards.doubts(run) if (doubt.guard, doubt.contender) == (guard, contender))
    return found


def _recorded(run: ResultSet, change: Callable[[Recording], dict[str, Any]], some: int = 1) -> ResultSet:
    """`run` with one of every `some` measured slices of Flask changed."""
    places = [
        place
        for place, outcome in enumerate(run.outcomes)
        if isinstance(outcome, TurnOutcome) and outcome.contender == FLASK and outcome.round
    ]
    outcomes = list(run.outcomes)
    for place in places[::some]:
        turn = outcomes[place]
        assert isinstance(turn, TurnOutcome)
        assert turn.recording
        outcomes[place] = turn.model_copy(
            update={"recording": turn.recording.model_copy(update=change(turn.recording))}
        )
    return run.model_copy(update={"outcomes": tuple(outcomes)})


def _machine(run: ResultSet, **grown: float | None) -> ResultSet:
    """`run` with other growth of the machine's counters over every block of 30 s."""
    usual: dict[str, float | None] = {"busy_s": 40.0, "steal_s": 0.0, "own_s": 40.0}
    after = MachineReading(monotonic_s=30.0, **(usual | grown))
    before = MachineReading(
        monotonic_s=0.0, **{key: None if one is None else 0.0 for key, one in (usual | grown).items()}
    )
    return altered(run, "block", machine_before=before, machine_after=after)


def _counterless() -> ResultSet:
    blind = {"throttled": None, "oom_kills": None}
    return served(result_set(), FLASK, warmed=usage(MEMBER, 1.0, **blind), ended=usage(MEMBER, 4.0, **blind))


def _drifting(change: float) -> ResultSet:
    """A run in which Flask, and only Flask, ends at `change` times the throughput that it began with."""
    run = result_set()
    blocks = run.head.plan.blocks

    def slower(outcome: Any) -> Any:
        if outcome.kind != "turn" or outcome.contender != FLASK:
            return outcome
        factor = change ** (outcome.block / (blocks - 1))
        seen = outcome.recording.model_copy(update={"counted_s": outcome.recording.counted_s / factor})
        return outcome.model_copy(update={"recording": seen})

    return run.model_copy(update={"outcomes": tuple(map(slower, run.outcomes))})


def _aged(factor: float) -> ResultSet:
    """A run in which the second slice of Flask, and only of Flask, has so much of its throughput in every block."""
    run = result_set()

    def slower(outcome: Any) -> Any:
        if outcome.kind != "turn" or outcome.contender != FLASK or outcome.round != 2:
            return outcome
        seen = outcome.recording.model_copy(update={"counted_s": outcome.recording.counted_s / factor})
        return outcome.model_copy(update={"recording": seen})

    return run.model_copy(update={"outcomes": tuple(map(slower, run.outcomes))})


def _uneven(first: float, second: float) -> ResultSet:
    """Two workers of Flask, who used so many CPU seconds."""
    warmed = usage(TWO_WORKERS[FLASK], 0.0)
    master, *workers = warmed.processes
    worked = tuple(one.model_copy(update={"cpu_s": cpu_s}) for one, cpu_s in zip(workers, (first, second), strict=True))
    ended = warmed.model_copy(update={"processes": (master, *worked)})
    return served(result_set(members=TWO_WORKERS), FLASK, warmed=warmed, ended=ended)


def _useful(share: float) -> Callable[[Recording], dict[str, Any]]:
    """A generator that polls in vain for what it does not work."""
    return lambda seen: {
        "generator_cpu_s": 0.99 * seen.duration_s,
        "generator_empty_s": (0.99 - share) * seen.duration_s,
    }


def _longer(factor: float) -> Callable[[Recording], dict[str, Any]]:
    """A throughput that its latency contradicts."""
    return lambda seen: {"counted": factor * seen.counted}


def _latency(*durations_s: float) -> Callable[[Recording], dict[str, Any]]:
    return lambda _: {"latency": histogram.of(durations_s)}


# A run in which the guard must fire at Flask (or at the whole run), and one, as near as may be, in which it must not.
FIRES: dict[str, tuple[Callable[[], ResultSet], Verdict]] = {
    "right answers": (
        lambda: _recorded(result_set(), lambda _: {"errors": {ErrorCause.BODY: 1}}, some=96),
        Verdict.INVALID,
    ),
    "workers alive": (
        lambda: served(result_set(), FLASK, ended=usage(MEMBER, 4.0, processes=usage(MEMBER, 4.0).processes[:1])),
        Verdict.INVALID,
    ),
    "throttling, memory": (lambda: served(result_set(), FLASK, ended=usage(MEMBER, 4.0, throttled=1)), Verdict.INVALID),
    "ordering": (lambda: _recorded(result_set(), _latency(*[0.001] * 999, 100.0)), Verdict.INVALID),
    "ceiling": (lambda: result_set({**THROUGHPUTS, NULL: THROUGHPUTS[FLASK] / 0.72}), Verdict.CLIENT_BOUND),
    "generator CPU": (lambda: _recorded(result_set(), _useful(0.86)), Verdict.CLIENT_BOUND),
    "limits": (lambda: served(result_set(), FLASK, launched=launched(FLASK, held=(0, 1))), Verdict.UNSETTLED),
    "generator's own time": (
        lambda: _recorded(result_set(), lambda seen: {"generator_cpu_s": 0.94 * seen.duration_s}),
        Verdict.UNSETTLED,
    ),
    "Little's law": (lambda: _recorded(result_set(), _longer(1.04)), Verdict.UNSETTLED),
    "think time": (lambda: _recorded(result_set(), lambda _: {"busy": 0.969}), Verdict.INVALID),
    "room in a slice": (
        lambda: _recorded(result_set(), lambda seen: {"longest_s": 1.1 * seen.duration_s}),
        Verdict.UNSETTLED,
    ),
    "connections": (lambda: _recorded(result_set(), lambda _: {"connections": 99}), Verdict.UNSETTLED),
    "reconnects": (
        lambda: _recorded(result_set(), lambda seen: {"reconnects": 100 + seen.answered // 500}),
        Verdict.UNSETTLED,
    ),
    "blocks": (lambda: result_set(finished=7), Verdict.UNSETTLED),
    "steady": (lambda: _drifting(0.9), Verdict.UNSETTLED),
    "age": (lambda: _aged(0.9), Verdict.UNSETTLED),
    "own core": (lambda: result_set(owns_core=False), Verdict.CLIENT_BOUND),
    "steal": (lambda: _machine(result_set(), steal_s=1.0), Verdict.UNSETTLED),
    "foreign CPU": (lambda: _machine(result_set(), own_s=35.0), Verdict.UNSETTLED),
    "quick run": (lambda: result_set(quick=True), Verdict.UNSETTLED),
}

SILENT: dict[str, Callable[[], ResultSet]] = {
    "right answers": lambda: altered(result_set(), "start", FASTAPI, failure=GONE),
    "workers alive": lambda: served(result_set(), FASTAPI, ended=usage(MEMBER, 4.0, processes=())),
    "throttling, memory": lambda: served(
        result_set(), FLASK, warmed=usage(MEMBER, 1.0, throttled=9), ended=usage(MEMBER, 4.0, throttled=9)
    ),
    "ordering": lambda: _recorded(result_set(), _latency(*[0.001] * 980, *[0.002] * 20)),
    "ceiling": lambda: result_set({**THROUGHPUTS, NULL: THROUGHPUTS[FLASK] / 0.68}),
    "generator CPU": lambda: _recorded(result_set(), _useful(0.84)),
    "limits": lambda: served(result_set(), FASTAPI, launched=launched(FASTAPI, held=(0, 1))),
    "generator's own time": lambda: _recorded(result_set(), lambda seen: {"generator_cpu_s": 0.96 * seen.duration_s}),
    "Little's law": lambda: _recorded(result_set(), _longer(1.02)),
    "think time": lambda: _recorded(result_set(), lambda _: {"busy": 0.971}),
    "room in a slice": lambda: _recorded(result_set(), lambda seen: {"longest_s": 0.9 * seen.duration_s}),
    "connections": lambda: _recorded(result_set(), lambda _: {"connections": 99}, some=12),
    "reconnects": lambda: _recorded(result_set(), lambda seen: {"reconnects": 100 + seen.answered // 2000}),
    "blocks": lambda: result_set(finished=8),
    "steady": lambda: _drifting(1.02),
    "age": lambda: _aged(0.98),
    "own core": result_set,
    "steal": lambda: _machine(result_set(), steal_s=0.5),
    "foreign CPU": lambda: _machine(result_set(), own_s=37.0),
    "quick run": result_set,
}

SAID_ONLY = {"worker balance"}


def _generators(*changes: Mapping[str, float], connections: int = 50) -> Callable[[Recording], dict[str, Any]]:
    """As many generators, each with its changes; those that nothing is said of are a tenth busy and never late."""

    def of(seen: Recording) -> dict[str, Any]:
        usual = {"duration_s": seen.duration_s, "cpu_s": seen.duration_s, "empty_s": 0.9 * seen.duration_s}
        known = {"connections": connections, "late_s": 0.0, "clock_error_s": 20e-6}
        return {"generators": tuple(GeneratorPart(**{**known, **usual, **each}) for each in changes)}

    return of


@pytest.mark.parametrize(
    ("guard", "fires", "silent", "expected"),
    [
        # Flask has 2,500/s over 100 connections: a turnover is 40 ms.
        ("in step", {"late_s": 0.0046}, {"late_s": 0.0034}, Verdict.UNSETTLED),
        ("in step", {"clock_error_s": 0.0023}, {"clock_error_s": 0.0017}, Verdict.UNSETTLED),
        ("generator CPU", {"empty_s": 0.07}, {"empty_s": 0.09}, Verdict.CLIENT_BOUND),
        ("generator's own time", {"cpu_s": 0.5}, {"cpu_s": 0.53}, Verdict.UNSETTLED),
    ],
)
def test_of_several_generators_the_worst_counts(
    guard: str, fires: Mapping[str, float], silent: Mapping[str, float], expected: Verdict
) -> None:
    for worst, gives in ((fires, expected), (silent, None)):
        doubt = _seen(_recorded(result_set(), _generators({}, worst)), guard, FLASK)
        assert doubt.checked
        assert doubt.gives == gives, doubt.evidence
        assert "2 " in doubt.evidence
        assert "generators" in doubt.evidence


def test_a_fast_server_leaves_a_millisecond_to_begin_in() -> None:
    """At 50,000 a second a tenth of a turnover would be 0.2 ms."""
    for late_s, gives in ((0.0009, None), (0.0011, Verdict.UNSETTLED)):
        run = _recorded(result_set({**THROUGHPUTS, FLASK: 50_000.0}), _generators({}, {"late_s": late_s}))
        assert _seen(run, "in step", FLASK).gives == gives


def test_a_single_generator_need_not_be_in_step() -> None:
    assert {doubt.guard for doubt in guards.doubts(result_set())} & {*guards.WITH_SEVERAL} == set()


def _whose(guard: str) -> str | None:
    return FLASK if guard in guards.OF_A_CONTENDER else None


def test_every_guard_is_proven() -> None:
    assert set(FIRES) | SAID_ONLY == set(SILENT) | SAID_ONLY == {*guards.OF_A_CONTENDER, *guards.OF_THE_RUN}


@pytest.mark.parametrize("guard", FIRES)
def test_a_guard_fires_where_it_must(guard: str) -> None:
    build, expected = FIRES[guard]
    seen = _seen(build(), guard, _whose(guard))
    assert (seen.checked, seen.gives) == (True, expected)
    assert guards.verdict(guards.doubts(build()), FLASK) in set(Verdict) - {Verdict.SERVER_BOUND}


@pytest.mark.parametrize("guard", SILENT)
def test_a_guard_is_silent_where_it_must_be(guard: str) -> None:
    seen = _seen(SILENT[guard](), guard, _whose(guard))
    assert (seen.checked, seen.gives) == (True, None)


@pytest.mark.parametrize("guard", FIRES)
def test_the_evidence_is_one_plain_sentence(guard: str) -> None:
    for run in (FIRES[guard][0](), SILENT[guard]()):
        evidence = _seen(run, guard, _whose(guard)).evidence
        assert evidence.endswith(".")
        assert "None" not in evidence
        assert "nan" not in evidence


def test_a_clean_run_gives_no_contender_a_doubt() -> None:
    seen = guards.doubts(result_set())
    assert [doubt for doubt in seen if doubt.gives and doubt.contender != NULL] == []
    assert all(doubt.checked for doubt in seen)
    assert {label: guards.verdict(seen, label) for label in THROUGHPUTS} == {
        FASTAPI: Verdict.SERVER_BOUND,
        FLASK: Verdict.SERVER_BOUND,
        DJANGO: Verdict.SERVER_BOUND,
        CONTROL: Verdict.SERVER_BOUND,
        NULL: Verdict.CLIENT_BOUND,
    }


def test_a_doubt_about_one_contender_is_none_about_another() -> None:
    seen = guards.doubts(_recorded(result_set(), lambda _: {"busy": 0.5}))
    assert guards.verdict(seen, FLASK) is Verdict.INVALID
    assert guards.verdict(seen, FASTAPI) is Verdict.SERVER_BOUND


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((Verdict.UNSETTLED, Verdict.CLIENT_BOUND, Verdict.INVALID), Verdict.INVALID),
        ((Verdict.UNSETTLED, Verdict.CLIENT_BOUND), Verdict.CLIENT_BOUND),
        ((None, Verdict.UNSETTLED), Verdict.UNSETTLED),
        ((None,), Verdict.SERVER_BOUND),
    ],
)
def test_the_gravest_verdict_is_given(given: tuple[Verdict | None, ...], expected: Verdict) -> None:
    seen = [Doubt(guard="g", contender=None, checked=True, gives=one, evidence="So it is.") for one in given]
    assert guards.verdict(seen, FLASK) is expected


# Answers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda: altered(result_set(), "start", FLASK, failure=GONE),
        lambda: altered(result_set(), "turn", FLASK, failure=Failure(stage="slice", message="too few answers")),
        lambda: served(result_set(), FLASK, failure=Failure(stage="verify", message="`/json` answered 500")),
    ],
)
def test_whatever_goes_wrong_with_answers_makes_a_contender_invalid(build: Callable[[], ResultSet]) -> None:
    assert _seen(build(), "right answers").gives is Verdict.INVALID


def test_a_wrong_answer_in_the_warm_up_counts() -> None:
    run = result_set()
    turn = next(one for one in run.turns if one.contender == FLASK and one.round == 0)
    assert turn.recording
    wrong = turn.recording.model_copy(update={"errors": {ErrorCause.STATUS: 3}, "first_error": "status: 500"})
    outcomes = [one if one is not turn else turn.model_copy(update={"recording": wrong}) for one in run.outcomes]
    seen = _seen(run.model_copy(update={"outcomes": tuple(outcomes)}), "right answers")
    assert seen.gives is Verdict.INVALID
    assert "3 status" in seen.evidence
    assert "status: 500" in seen.evidence


# What could not be seen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "build"),
    [
        ("right answers", lambda: result_set(finished=0)),
        ("workers alive", lambda: served(result_set(), FLASK, ended=None)),
        ("ceiling", lambda: result_set({label: one for label, one in THROUGHPUTS.items() if label != NULL})),
    ],
)
def test_a_required_guard_that_saw_nothing_unsettles(guard: str, build: Callable[[], ResultSet]) -> None:
    seen = _seen(build(), guard)
    assert (seen.checked, seen.gives) == (False, Verdict.UNSETTLED)
    assert "nothing is ranked" in seen.evidence


def test_workers_read_in_only_some_blocks_are_not_checked() -> None:
    run = result_set()
    (*others, last) = run.outcomes
    assert isinstance(last, BlockOutcome)
    unread = last.model_copy(update={"servers": {**last.servers, FLASK: ServerOutcome()}})
    seen = _seen(run.model_copy(update={"outcomes": (*others, unread)}), "workers alive")
    assert not seen.checked
    assert "11 of 12" in seen.evidence


@pytest.mark.parametrize(
    ("guard", "build"),
    [
        ("throttling, memory", _counterless),
        ("think time", lambda: _recorded(result_set(), lambda _: {"busy": None})),
        ("limits", lambda: served(result_set(), FLASK, launched=None)),
        ("steady", lambda: result_set({label: one for label, one in THROUGHPUTS.items() if label != CONTROL})),
        ("steady", lambda: result_set(finished=7)),
        ("steal", lambda: _machine(result_set(), steal_s=None)),
        ("foreign CPU", lambda: _machine(result_set(), own_s=None)),
        ("age", lambda: result_set(finished=1)),
        ("worker balance", lambda: served(result_set(members=TWO_WORKERS), FLASK, warmed=None)),
    ],
)
def test_another_guard_that_saw_nothing_says_so_and_judges_nothing(guard: str, build: Callable[[], ResultSet]) -> None:
    seen = _seen(build(), guard, _whose(guard))
    assert (seen.checked, seen.gives) == (False, None)


def test_an_empty_run_is_settled_nowhere() -> None:
    seen = guards.doubts(result_set(finished=0, starts=0))
    assert all(guards.verdict(seen, label) is Verdict.UNSETTLED for label in (FASTAPI, FLASK, DJANGO, CONTROL))


# Each guard's own cases ----------------------------------------------------------------------------------------------


def test_a_process_killed_for_memory_makes_a_contender_invalid() -> None:
    run = served(result_set(), FLASK, ended=usage(MEMBER, 4.0, oom_kills=1))
    assert _seen(run, "throttling, memory").gives is Verdict.INVALID


def _under_quota(held: float | None, **ended: Any) -> ResultSet:
    """A contender that was to be held at 0.4 CPUs."""
    one = launched(FLASK)
    asked, found = one.enforcement.asked, one.enforcement.held
    changes = {"asked": asked.model_copy(update={"cpu_quota": 0.4}), "held": {**found, "cpu_quota": held}}
    enforcement = one.enforcement.model_copy(update={**changes, "enforced": held == 0.4})
    start = one.model_copy(update={"enforcement": enforcement})
    return served(result_set(), FLASK, launched=start, ended=usage(MEMBER, 4.0, **ended))


def test_being_throttled_under_a_quota_is_what_was_asked_for_but_being_killed_is_not() -> None:
    seen = _seen(_under_quota(0.4, throttled=90), "throttling, memory")
    assert (seen.gives, "as the quota wants" in seen.evidence) == (None, True)
    assert _seen(_under_quota(0.4, throttled=90, oom_kills=1), "throttling, memory").gives is Verdict.INVALID


def test_a_quota_that_did_not_hold_is_doubted() -> None:
    assert _seen(_under_quota(0.4), "limits").gives is None
    seen = _seen(_under_quota(None), "limits")
    assert (seen.gives, "quota of CPU time at 0" in seen.evidence) == (Verdict.UNSETTLED, True)


def test_a_worker_with_a_reused_process_id_is_another_worker() -> None:
    worker = usage(MEMBER, 4.0).processes[1]
    again = worker.model_copy(update={"started_at": worker.started_at + 10})
    run = served(result_set(), FLASK, ended=usage(MEMBER, 4.0, processes=(usage(MEMBER, 4.0).processes[0], again)))
    assert _seen(run, "workers alive").gives is Verdict.INVALID


def test_null_is_client_bound_by_nature_and_says_so() -> None:
    seen = _seen(result_set(), "ceiling", NULL)
    assert seen.gives is Verdict.CLIENT_BOUND
    assert "never ranked" in seen.evidence


def test_busy_slices_are_forgiven_up_to_a_tenth() -> None:
    assert _seen(_recorded(result_set(), _useful(0.95), some=11), "generator CPU").gives is None
    assert _seen(_recorded(result_set(), _useful(0.95), some=9), "generator CPU").gives is Verdict.CLIENT_BOUND


def test_empty_polls_are_no_work() -> None:
    run = _recorded(result_set(), lambda seen: {"generator_cpu_s": seen.duration_s, "generator_empty_s": 0.0})
    assert _seen(run, "generator CPU").gives is Verdict.CLIENT_BOUND


def test_slices_in_which_too_little_came_and_nothing_wrong_are_unsettled_and_not_invalid() -> None:
    short = Failure(stage="slice", message="too few answers")
    run = _recorded(result_set(), lambda _: {"counted": 0.0, "counted_s": 0.0})
    outcomes = (
        one.model_copy(update={"failure": short})
        if isinstance(one, TurnOutcome) and one.contender == FLASK and one.round
        else one
        for one in run.outcomes
    )
    run = run.model_copy(update={"outcomes": tuple(outcomes)})
    assert _seen(run, "right answers").gives is None
    room = _seen(run, "room in a slice")
    assert room.gives is Verdict.UNSETTLED
    assert "; none was counted." in room.evidence
    assert "counted nothing and are in no number" in room.evidence
    assert guards.verdict(guards.doubts(run), FLASK) is Verdict.UNSETTLED


def test_one_slice_in_which_the_machine_stood_still_is_left_to_the_trimmed_mean() -> None:
    run = _recorded(result_set(), lambda _: {"counted": 0.0, "counted_s": 0.0}, some=120)
    assert guards.verdict(guards.doubts(run), FLASK) is Verdict.SERVER_BOUND


def test_a_lead_is_no_room_for_a_request() -> None:
    run = _recorded(result_set(), lambda seen: {"longest_s": 0.9 * seen.duration_s, "lead_s": 0.2 * seen.duration_s})
    assert _seen(run, "room in a slice").gives is Verdict.UNSETTLED


def test_few_turnovers_leave_a_number_unsettled() -> None:
    run = _recorded(result_set(), lambda _: {"counted": 150.0, "counted_s": 0.06})
    assert _seen(run, "room in a slice").gives is Verdict.UNSETTLED


def test_a_server_that_has_moved_to_other_cpus_since_its_launch_is_off_its_limits() -> None:
    moved = served(result_set(), FLASK, ended=usage(MEMBER, 4.0, cpus=(0, 1)))
    assert _seen(moved, "limits").gives is Verdict.UNSETTLED
    stayed = served(result_set(), FLASK, ended=usage(MEMBER, 4.0, cpus=(0,)))
    assert _seen(stayed, "limits").gives is None


def test_requests_that_had_to_be_asked_again_are_no_right_answers_unless_the_server_closes_by_policy() -> None:
    lost = _recorded(result_set(), lambda _: {"asked_again": 1}, some=96)
    assert _seen(lost, "right answers").gives is Verdict.INVALID
    closed = _recorded(result_set(members=CLOSED), lambda _: {"asked_again": 1}, some=96)
    assert _seen(closed, "right answers").gives is None


def test_fewer_processes_than_workers_are_no_living_workers() -> None:
    alone = usage(TWO_WORKERS[FLASK], 1.0, processes=usage(MEMBER, 1.0).processes[:1])
    run = served(result_set(members=TWO_WORKERS), FLASK, warmed=alone, ended=alone)
    assert _seen(run, "workers alive").gives is Verdict.INVALID


def test_a_sleeping_generator_cannot_tell_what_was_taken_from_it() -> None:
    assert not _seen(result_set(wait="sleep"), "generator's own time").checked


def test_a_server_that_closes_by_policy_may_reconnect_and_hold_fewer() -> None:
    run = _recorded(
        result_set(members=CLOSED), lambda seen: {"connections": 3, "reconnects": seen.answered, "answered": 500}
    )
    assert (_seen(run, "connections").gives, _seen(run, "reconnects").gives) == (None, None)


@pytest.mark.parametrize(
    ("first", "second", "word"), [(3.1, 0.9, "uneven"), (2.9, 1.1, "even enough"), (4.0, 0.0, "uneven")]
)
def test_worker_balance_is_said_and_not_judged(first: float, second: float, word: str) -> None:
    seen = _seen(_uneven(first, second), "worker balance")
    assert (seen.checked, seen.gives) == (True, None)
    assert f": {word} " in seen.evidence


def test_drift_that_the_control_shares_is_the_machines() -> None:
    run = result_set()

    def tired(outcome: Any) -> Any:
        if outcome.kind != "turn":
            return outcome
        longer = outcome.recording.counted_s * math.exp(0.03 * outcome.block)
        return outcome.model_copy(update={"recording": outcome.recording.model_copy(update={"counted_s": longer})})

    tired_run = run.model_copy(update={"outcomes": tuple(map(tired, run.outcomes))})
    assert _seen(tired_run, "steady").gives is None


def test_one_spoilt_block_of_twelve_is_left_to_the_interval() -> None:
    run = result_set()
    (*others, last) = _machine(run).outcomes
    assert isinstance(last, BlockOutcome)
    stolen = last.machine_after.model_copy(update={"steal_s": 6.0})
    spoilt = run.model_copy(update={"outcomes": (*others, last.model_copy(update={"machine_after": stolen}))})
    seen = _seen(spoilt, "steal", None)
    assert seen.gives is None
    assert "13.0 %" in seen.evidence


def test_an_idle_machine_has_no_spoilers_and_a_busy_one_names_them() -> None:
    start = MachineReading(monotonic_s=0.0, busy_s=0.0, steal_s=0.0, own_s=0.0)
    idle = MachineReading(monotonic_s=5.0, busy_s=0.1, steal_s=0.05, own_s=0.05)
    robbed = MachineReading(monotonic_s=5.0, busy_s=2.0, steal_s=0.5, own_s=0.05)
    blind = MachineReading(monotonic_s=5.0, busy_s=None, steal_s=None, own_s=None)
    assert guards.spoilers(start, idle) == ()
    assert guards.spoilers(start, blind) == ()
    hypervisor, others = guards.spoilers(start, robbed)
    assert "10.0 %" in hypervisor
    assert "0.39 cores" in others
