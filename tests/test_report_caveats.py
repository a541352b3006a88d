from __future__ import annotations

import pytest

from harness import catalog
from harness.model import Doubt, Expectation, Failure, Scenario, Verdict
from harness.report import caveats
from harness.stats.estimates import trimmed_mean
from tests import builders, summaries


def doubt(contender: str | None, gives: Verdict | None, evidence: str = "Seen.", **changes: object) -> Doubt:
    fields = {"guard": "ceiling", "contender": contender, "checked": True, "gives": gives, "evidence": evidence}
    return Doubt.model_validate(fields | changes)


def noted(*doubts: Doubt) -> tuple[caveats.Note, ...]:
    return caveats.notes(summaries.summary(RUN, doubts))


RUN = builders.result_set(blocks=1, rounds=2, starts=1)


def test_a_guard_that_found_nothing_raises_no_note() -> None:
    assert noted(doubt("flask@gthread", None)) == ()


def test_the_worst_doubt_has_the_first_number() -> None:
    notes = noted(doubt("a", Verdict.UNSETTLED), doubt("b", Verdict.INVALID), doubt("c", Verdict.CLIENT_BOUND))
    assert [(note.number, note.contenders) for note in notes] == [(1, ("b",)), (2, ("c",)), (3, ("a",))]


def test_one_guard_says_one_line_of_one_contender() -> None:
    (note,) = noted(doubt("a", Verdict.INVALID, "One."), doubt("a", Verdict.INVALID, "Two."))
    assert note.evidence == "One. (and 1 more like it)"


def test_contenders_of_which_a_guard_says_the_same_share_a_line() -> None:
    (note,) = noted(doubt("a", Verdict.UNSETTLED), doubt("b", Verdict.UNSETTLED))
    assert note.contenders == ("a", "b")
    assert caveats.marks((note,), "c") == ()


def test_the_same_failure_twice_is_one_line() -> None:
    summary = summaries.summary(RUN, failing=builders.FLASK)
    (note,) = caveats.notes(summary)
    assert note.guard == "failed at launch"
    assert note.evidence.endswith("(2 times)")


def test_a_doubt_about_the_run_marks_every_row() -> None:
    notes = noted(doubt("a", Verdict.INVALID), doubt(None, Verdict.UNSETTLED))
    assert (caveats.marks(notes, "a"), caveats.marks(notes, "b")) == ((1, 2), (2,))


def test_guards_that_could_not_look_are_named_once() -> None:
    unchecked = [doubt(label, None, checked=False, guard="steal") for label in ("a", "b")]
    remarks = caveats.remarks(RUN.head, summaries.summary(RUN, unchecked))
    assert [remark for remark in remarks if "steal" in remark] == ["Not checked here: steal."]


def test_what_is_said_and_not_judged_is_said_where_there_are_several_workers() -> None:
    one = summaries.summary(RUN, [doubt(builders.FLASK, None, "Uneven.", guard="worker balance")])
    rows = [row.model_copy(update={"member": row.member.model_copy(update={"workers": 2})}) for row in one.rows]
    two = one.model_copy(update={"rows": tuple(rows)})
    assert not any("Uneven." in remark for remark in caveats.remarks(RUN.head, one))
    assert f"{builders.FLASK}, worker balance: Uneven." in caveats.remarks(RUN.head, two)


def test_every_latency_comes_with_the_closed_loop_caption() -> None:
    assert "100 / throughput" in caveats.remarks(RUN.head, summaries.summary(RUN))[0]


def test_an_unfinished_run_says_so() -> None:
    cut = builders.result_set(blocks=3, finished=1, rounds=2, starts=1)
    assert "Only 1 of 3 planned blocks were finished." in caveats.remarks(cut.head, summaries.summary(cut))


def test_a_comparison_names_the_smallest_difference_that_it_could_have_found() -> None:
    said = [caveats.compared(row) for row in summaries.summary(RUN).rows if row.member.label == builders.FLASK]
    assert said == [
        "SLOWER against the reference, 0.568x (0.560 to 0.577); the smallest difference it could have found is 2.1 %."
    ]


def test_what_a_published_table_says_against_itself_is_computed_from_its_rows() -> None:
    little, speedup = caveats.claimed(summaries.CLAIMS)
    assert "100 busy connections have a mean latency of 10.5 ms at 9,500/s (2.30 ms), 83.3 ms at 1,200/s" in little
    assert "3 to 5 times" in speedup
    assert "7.92 times that of Flask (sync) and 11.2 times that of Django REST" in speedup


def test_without_a_claimed_speedup_nothing_is_said_of_it() -> None:
    assert len(list(caveats.claimed(summaries.CLAIMS.model_copy(update={"speedup": None})))) == 1


def test_what_a_scenario_isolates_and_leaves_out_is_said_once() -> None:
    said = [one for one in caveats.remarks(RUN.head, summaries.summary(RUN)) if builders.SCENARIO.isolates in one]
    assert len(said) == 1
    assert builders.SCENARIO.leaves_out in said[0]


def _remarks_on(scenario: Scenario) -> str:
    return " ".join(caveats.remarks(RUN.head.model_copy(update={"scenario": scenario}), summaries.summary(RUN)))


def test_an_echo_is_said_to_be_what_is_counted_where_a_load_goes_over_websockets() -> None:
    assert "A request is one echo here" not in _remarks_on(builders.SCENARIO)
    assert "A connection holds 100 of them" in _remarks_on(catalog.read().scenarios["websocket"])


@pytest.mark.parametrize("name", ["websocket", "upload", "download", "metrics", "graphql", "login"])
def test_yardsticks_that_were_asked_something_else_are_said_to_have_been(name: str) -> None:
    assert caveats.YARDSTICKS not in _remarks_on(builders.SCENARIO)
    assert caveats.YARDSTICKS in _remarks_on(catalog.read().scenarios[name])


def test_only_words_that_occur_are_explained() -> None:
    assert [word for word, _ in caveats.glossary("nullable FASTER, p50")] == ["FASTER", "p50"]


def test_every_verdict_and_every_call_is_explained() -> None:
    words = ["SERVER-BOUND", "CLIENT-BOUND", "UNSETTLED", "INVALID", "FASTER", "SLOWER", "SAME", "UNDECIDED"]
    assert [word for word, _ in caveats.glossary(" ".join(words))] == words


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        (1, ("With 1 round nothing is trimmed: one bad slice counts all of its block.",)),
        (3, ("With 3 rounds nothing is trimmed: one bad slice counts a third of its block.",)),
        (4, ("With 4 rounds nothing is trimmed: one bad slice counts a quarter of its block.",)),
        (5, ()),
        (10, ()),
    ],
)
def test_rounds_that_are_too_few_for_a_trimmed_mean_are_said_and_no_others(rounds: int, said: tuple[str, ...]) -> None:
    made = builders.result_set(blocks=1, rounds=rounds, starts=1)
    assert caveats.untrimmed(made.head) == said
    assert tuple(one for one in caveats.remarks(made.head, summaries.summary(made)) if "trimmed" in one) == said
    with_a_bad_one = [0.0] * (rounds - 1) + [1.0]
    assert (trimmed_mean(with_a_bad_one) == pytest.approx(1 / rounds)) == bool(said)


def test_a_failure_without_a_hint_leaves_no_blank() -> None:
    whole = summaries.summary(RUN)
    bare = Failure(stage="slice", message="It died.")
    rows = (whole.rows[0].model_copy(update={"failures": (bare,)}),)
    assert caveats.notes(whole.model_copy(update={"rows": rows}))[0].evidence == "It died."


def _remarks_on_answers(scenario: Scenario) -> list[str]:
    """Of a run in which Flask answered in two ways otherwise."""
    summary = summaries.summary(RUN)
    rows = [
        row.model_copy(update={"answered": 12_345, "alternatives": {"refused": 11_000, "late": 5}})
        if row.member.label == builders.FLASK
        else row
        for row in summary.rows
    ]
    head = RUN.head.model_copy(update={"scenario": scenario})
    said = caveats.remarks(head, summary.model_copy(update={"rows": tuple(rows)}))
    return [remark for remark in said if "answer" in remark]


def test_the_share_of_answers_that_are_right_in_another_way_is_said() -> None:
    assert _remarks_on_answers(builders.SCENARIO) == [
        f"{builders.FLASK}: of 12,345 answers in whole slices 11,000 were refused, 5 were late."
    ]


def test_answers_that_served_nobody_are_said_to_be_no_throughput() -> None:
    refused = {"refused": Expectation(status=503, json_body={})}
    request = builders.SCENARIO.load[0].model_copy(update={"alternatives": refused})
    said = _remarks_on_answers(builders.SCENARIO.model_copy(update={"requests": (request,)}))
    assert said[1] == "An answer that was refused served nobody: it is in the latency, but not in the throughput."
