"""The memory of answers: what was seen before is not checked again, and it stays small."""

import json
import zlib

from harness import catalog, rendering
from harness.engines.connection.answers import CORRECT, INCOMPLETE, Answers, Verdict
from harness.engines.connection.framing import Answer, Framing
from harness.engines.connection.question import Question, questions
from harness.model import Content, ErrorCause, Expectation, Request, Scenario, Target

SCENARIOS = catalog.read().scenarios
DONE = Request(
    name="done",
    path="/done",
    expect=Expectation(json_body={"status": "done"}),
    alternatives={"refused": Expectation(status=429, json_body={}), "made": Expectation(json_body={"id": "<integer>"})},
)
LOTS = 1_000_000


def answered(body: object, status: int = 200, more: str = "") -> bytes:
    text = json.dumps(body)
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {len(text)}\r\n\r\n"
    return head.encode() + text.encode()


def whole(received: bytes) -> Answer:
    answer = Framing("GET", LOTS).feed(received)
    assert answer is not None
    return answer


def judged(answers: Answers, received: bytes) -> Verdict:
    return answers.judge([received], whole(received), ())


def asked(scenario: Scenario) -> dict[str, list[Question]]:
    rendered = {request.name: rendering.for_load(request, 0) for request in scenario.load}
    return dict(questions(rendered, Target(host="127.0.0.1", port=1, scenario=scenario)))


def test_the_expected_answer_to_the_only_request_is_the_one_verdict_of_the_short_way() -> None:
    answers = Answers(DONE, LOTS, apart=False)
    received = answered({"status": "done"})
    assert judged(answers, received) is CORRECT
    assert answers.known == {received: CORRECT}
    last = answered({"status": "done"}, more="Connection: close\r\n")
    assert judged(answers, last) == Verdict(None, keeps=False)


def test_alternatives_and_requests_are_named_by_the_verdict_where_they_are_counted_apart() -> None:
    refused = answered({}, status=429)
    assert judged(Answers(DONE, LOTS, apart=False), refused) == Verdict(None, apart=(None, "refused"))
    assert judged(Answers(DONE, LOTS, apart=True), refused) == Verdict(None, apart=("done", "refused"))
    assert judged(Answers(DONE, LOTS, apart=True), answered({"status": "done"})) == Verdict(None, apart=("done", None))


def test_an_answer_seen_before_is_not_looked_at_again() -> None:
    answers = Answers(DONE, LOTS, apart=False)
    wrong, right = answered({"status": "off"}), answered({"status": "done"})
    assert judged(answers, wrong).cause is ErrorCause.BODY
    assert answers.judge([wrong], whole(right), ()).cause is ErrorCause.BODY, "it went by its bytes"


def test_an_answer_that_filled_a_hole_is_not_remembered() -> None:
    answers = Answers(DONE, LOTS, apart=False)
    assert judged(answers, answered({"id": 7})).apart == (None, "made")
    assert answers.known == {}


def test_of_answers_that_may_be_big_only_the_last_right_body_is_kept_and_one_that_equals_it_is_right() -> None:
    body = bytes(range(256)) * 100
    expect = Expectation(content=Content(size_bytes=len(body), crc32=zlib.crc32(body)))
    answers = Answers(Request(name="file", path="/file", expect=expect), LOTS, apart=False)
    other = body[:-1] + b"?"

    def verdict(body: bytes, media_type: str = "application/json") -> Verdict:
        head = b"HTTP/1.1 200 X\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (media_type.encode(), len(body))
        answer = Framing("GET", LOTS, answers.likely).feed(head + body)
        assert answer
        return answers.judge((), answer, ())

    assert verdict(other).cause is ErrorCause.BODY
    assert answers.likely == b""
    assert verdict(body) is CORRECT
    assert answers.likely == body
    assert verdict(body) is CORRECT
    assert verdict(other).cause is ErrorCause.BODY
    assert verdict(body[:-1]).cause is ErrorCause.BODY
    assert verdict(body + b"?").cause is ErrorCause.BODY
    assert verdict(body, "text/plain").cause is ErrorCause.BODY
    answers.remember(body, INCOMPLETE)
    assert (answers.likely, answers.known) == (body, {})


def test_a_memory_holds_no_more_bytes_than_it_has_room_for_and_forgets_all_at_once() -> None:
    answers = Answers(DONE, 1000, apart=False)
    for number in range(100):
        answers.remember(b"x" * 99 + bytes([number]), INCOMPLETE)
        assert sum(map(len, answers.known)) <= 1000
    assert len(answers.known) == 10
    answers.remember(b"x" * 1001, INCOMPLETE)
    assert answers.known == {}, "what is longer than the room is not remembered"


def test_a_memory_of_small_answers_is_bounded_too() -> None:
    answers = Answers(DONE, LOTS, apart=False)
    for number in range(1000):
        answers.remember(b"%d" % number, CORRECT)
    assert len(answers.known) == 1000 % 256


def test_a_catalogue_is_remembered() -> None:
    (question,) = asked(SCENARIOS["typed"])["catalogue"]
    (request,) = rendering.for_load(SCENARIOS["typed"].load[0], 0)
    received = answered(request.expect.json_body)
    assert len(received) > 20_000
    assert question.judge([received], whole(received)) is CORRECT
    assert question.known[received] is CORRECT


def test_five_hundred_questions_remember_their_answers_and_share_one_room() -> None:
    rendered = rendering.for_load(SCENARIOS["item"].load[0], 0)
    made = asked(SCENARIOS["item"])["item"]
    assert len(made) == len(rendered) == 500
    for question, request in zip(made, rendered, strict=True):
        for second in range(1000):
            received = answered(request.expect.json_body, more=f"Date: {second}\r\n")
            question.answers.remember(received, CORRECT)
    assert sum(len(question.known) for question in made) >= 500
    assert sum(len(received) for question in made for received in question.known) <= 16 * 2**20


def test_questions_that_expect_the_same_share_one_memory() -> None:
    clients = asked(SCENARIOS["expensive"])["client"]
    assert len({question.request_bytes for question in clients}) == len(clients) == 100
    assert len({id(question.known) for question in clients}) == 1
    users = asked(SCENARIOS["me"])["me"]
    assert len({id(question.known) for question in users}) == len(users)
