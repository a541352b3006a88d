"""The guards of what a contender does with services fire where they must and keep silent where they must not."""

from typing import Any

import pytest

from harness import guards
from harness.model import (
    BlockOutcome,
    Doubt,
    Draw,
    Expectation,
    Failure,
    Outcome,
    Request,
    ResultSet,
    Scenario,
    ServicesOutcome,
    TurnOutcome,
    Verdict,
)
from harness.report import spreadsheet, tables
from harness.summary import summarize
from tests.builders import FLASK, MEMBERS, NULL, THROUGHPUTS, result_set, served

ACCEPTED = Expectation(status=202, json_body={"status": "processing"})
BUSY = Expectation(status=503, json_body={})
TAKEN = Expectation(status=409, json_body={})
SIGN_UP = Request(name="signup", method="POST", path="/users", draw=Draw(of="newcomer", once=True), expect=ACCEPTED)
SCENARIO = Scenario(
    name="signup",
    about="a",
    isolates="b",
    leaves_out="c",
    services=("postgres", "mail"),
    requests=(
        SIGN_UP,
        SIGN_UP.model_copy(update={"name": "again", "weight": 0, "times": 2}),
        SIGN_UP.model_copy(update={"name": "taken", "weight": 0, "expect": TAKEN}),
    ),
)
READING = Request(name="item", path="/items/1", expect=Expectation(json_body={}))
VERIFIED = 3  # accepted when verified, by the scenario above
ALLOWED = 30
LABELS = [label for label in THROUGHPUTS if not MEMBERS[label].is_yardstick]


def run(scenario: Scenario = SCENARIO, *, lost: int = 0, connections: int = 20, **recorded: Any) -> ResultSet:
    """A run in which every promised mail came, but for `lost` ones of Flask in each block."""
    made = result_set(open_blocks=1, other_wait_blocks=1)
    made = made.model_copy(update={"outcomes": tuple(_recorded(outcome, recorded) for outcome in made.outcomes)})
    made = made.model_copy(update={"head": made.head.model_copy(update={"scenario": scenario})})
    outcomes = [
        outcome.model_copy(update={"services": _services(made, outcome.block, lost, connections)})
        if isinstance(outcome, BlockOutcome)
        else outcome
        for outcome in made.outcomes
    ]
    return made.model_copy(update={"outcomes": tuple(outcomes)})


def _recorded(outcome: Outcome, changes: dict[str, Any]) -> Outcome:
    """An outcome with these fields in its recording, if it has one."""
    if not (isinstance(outcome, TurnOutcome) and outcome.recording):
        return outcome
    return outcome.model_copy(update={"recording": outcome.recording.model_copy(update=changes)})


def _services(made: ResultSet, block: int, lost: int, connections: int) -> ServicesOutcome:
    turns = [turn for turn in made.counted if isinstance(turn, TurnOutcome) and turn.block == block and turn.recording]
    mails = dict.fromkeys(LABELS, VERIFIED) | {FLASK: VERIFIED - lost}
    for turn in turns:
        assert turn.recording
        if turn.contender in LABELS:
            accepted = turn.recording.by_request.get("signup", turn.recording.answered)
            mails[turn.contender] += accepted - sum(turn.recording.alternatives.values())
    return ServicesOutcome(
        facts={},
        allowed_connections=dict.fromkeys(LABELS, ALLOWED),
        connections=dict.fromkeys(LABELS, 20) | {FLASK: connections},
        mails=mails,
    )


def found(made: ResultSet, guard: str, label: str = FLASK) -> Doubt:
    (doubt,) = (one for one in guards.doubts(made) if (one.guard, one.contender) == (guard, label))
    return doubt


def guarded(made: ResultSet) -> set[tuple[str, str | None]]:
    return {(one.guard, one.contender) for one in guards.doubts(made)}


def test_where_every_mail_came_nothing_is_doubted_in_blocks_of_any_kind() -> None:
    doubt = found(run(), "mails")
    assert (doubt.checked, doubt.gives) == (True, None)
    assert doubt.evidence.startswith("All ")


def test_a_single_lost_mail_in_each_block_is_told_with_how_many_of_how_many() -> None:
    made = run(lost=1)
    doubt = found(made, "mails")
    assert doubt.gives is Verdict.INVALID
    blocks = len(made.finished)
    answered = sum(
        turn.recording.answered
        for turn in made.counted
        if isinstance(turn, TurnOutcome) and turn.contender == FLASK and turn.recording
    )
    promised = answered + VERIFIED * blocks
    assert doubt.evidence == (
        f"{blocks} of {promised:,} mails of accepted sign-ups never came, in {blocks} of {blocks} blocks."
    )
    assert [found(made, "mails", label).gives for label in LABELS if label != FLASK] == [None, None]


def test_a_mail_too_many_in_one_block_does_not_make_up_for_one_lost_in_another() -> None:
    made = run()
    first, second, *_ = made.finished
    for block, change in ((first, 1), (second, -1)):
        assert block.services
        mails = {**block.services.mails, FLASK: block.services.mails[FLASK] + change}
        other = block.model_copy(update={"services": block.services.model_copy(update={"mails": mails})})
        made = made.model_copy(update={"outcomes": tuple(other if one is block else one for one in made.outcomes)})
    doubt = found(made, "mails")
    assert doubt.evidence.startswith("1 of ")


def test_of_a_mix_only_the_sign_ups_count() -> None:
    mixed = SCENARIO.model_copy(update={"requests": (READING, *SCENARIO.requests)})
    some = {"item": 900, "signup": 30}
    assert found(run(mixed, by_request=some), "mails").gives is None
    assert found(run(mixed, by_request=some, lost=2), "mails").gives is Verdict.INVALID
    assert not found(run(mixed, lost=2), "mails").checked


def test_an_answer_that_was_right_in_another_way_promises_no_mail() -> None:
    assert found(run(alternatives={"busy": 40}), "mails").gives is None


@pytest.mark.parametrize(("barren", "gives"), [(0, None), (10, None), (13, Verdict.UNSETTLED)])
def test_slices_in_which_all_were_turned_away_are_told_for_they_are_in_no_number(
    barren: int, gives: Verdict | None
) -> None:
    """12 blocks of 10 rounds, one slice in ten of which may be so."""
    turned_away = READING.model_copy(update={"alternatives": {"turned-away": BUSY}})
    made = run(SCENARIO.model_copy(update={"requests": (turned_away,), "services": ()}))
    slices = [turn for turn in made.turns if turn.contender == FLASK and turn.round]
    assert len(slices) == 120
    for turn in slices[:barren]:
        assert turn.recording
        all_of_it = {
            "alternatives": {"turned-away": turn.recording.answered},
            "counted_alternatives": {"turned-away": turn.recording.counted},
        }
        other = _recorded(turn, all_of_it)
        made = made.model_copy(update={"outcomes": tuple(other if one is turn else one for one in made.outcomes)})
    doubt = found(made, "somebody served")
    assert (doubt.checked, doubt.gives) == (True, gives)
    assert f"{barren} of 120" in doubt.evidence
    assert ("in no number" in doubt.evidence) == bool(barren)


def test_only_where_a_server_may_refuse_somebody_must_have_been_served() -> None:
    assert not {guard for guard, _ in guarded(run())} & {*guards.WITH_REFUSALS}


def test_a_block_in_which_it_was_not_measured_promises_nothing() -> None:
    failed = served(run(lost=5), FLASK, failure=Failure(stage="verify", message="wrong"))
    doubt = found(failed, "mails")
    assert (doubt.checked, doubt.gives) == (False, None)


def test_more_connections_than_its_pools_may_hold_are_not_what_was_said() -> None:
    assert found(run(connections=ALLOWED), "database connections").gives is None
    doubt = found(run(connections=ALLOWED + 1), "database connections")
    assert (doubt.gives, doubt.evidence) == (
        Verdict.INVALID,
        "Warm, it had at most 31 database connections, and its pools may hold 30.",
    )


def test_without_the_service_and_of_a_yardstick_nothing_is_said() -> None:
    assert ("mails", FLASK) in guarded(run())
    assert ("mails", NULL) not in guarded(run())
    assert ("mails", FLASK) not in guarded(run(SCENARIO.model_copy(update={"services": ("valkey",)})))
    assert ("database connections", FLASK) not in guarded(result_set())


def test_the_share_of_the_services_is_their_cpu_time_over_that_of_the_servers_cpus_in_the_same_slices() -> None:
    made = run(duration_s=0.4, drain_s=0.1)
    outcomes = [
        one.model_copy(update={"services_cpu_s": 0.125 if one.round else 9.0}) if isinstance(one, TurnOutcome) else one
        for one in made.outcomes
    ]
    with_services = summarize(made.model_copy(update={"outcomes": tuple(outcomes)}))
    assert {row.services_share for row in with_services.rows} == {0.25}
    assert "services_share" in with_services.model_dump_json()
    assert "services, of server CPUs" in tables.markdown(tables.cost(made.head, with_services))
    assert "services_share" in spreadsheet.csv_text(with_services)


def test_without_services_no_file_and_no_table_knows_of_a_share() -> None:
    without = summarize(result_set())
    assert "services_share" not in without.model_dump_json() + spreadsheet.csv_text(without)
    assert "services" not in tables.markdown(tables.cost(result_set().head, without))


def test_where_null_is_asked_something_plainer_the_ceiling_says_so() -> None:
    asked = next(one for one in guards.doubts(run()) if (one.guard, one.contender) == ("ceiling", FLASK))
    plain = next(one for one in guards.doubts(result_set()) if (one.guard, one.contender) == ("ceiling", FLASK))
    assert "null was asked a plain request" in asked.evidence
    assert "plain" not in plain.evidence
