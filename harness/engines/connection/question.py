"""A request ready to be sent, with what it may be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import rendering
from harness.engines.connection.answers import Answers, Verdict
from harness.engines.connection.framing import Answer, Framing
from harness.engines.job import rendered
from harness.model import Request, Target

_ROOM_BYTES = 16 * 1024 * 1024  # of all memories of one target's answers


@dataclass(slots=True)
class Question:
    """`known` is the memory of `answers`, which questions share that expect the same."""

    request_bytes: bytes
    size: int
    method: str
    secrets: tuple[str, ...]
    answers: Answers
    known: dict[bytes, Verdict]

    @classmethod
    def of(cls, request: Request, target: Target, answers: Answers) -> Question:
        sent = rendered(request, target.host, target.port)
        return cls(sent, len(sent), request.method, rendering.secrets(request), answers, answers.known)

    @property
    def idempotent(self) -> bool:
        """It may be sent again when a kept connection turns out to be closed (RFC 9110, section 9.2.2)."""
        return self.method in {"GET", "PUT", "DELETE"}

    def framing(self) -> Framing:
        return Framing(self.method, self.answers.limit_bytes, self.answers.likely)

    def judge(self, pieces: Sequence[bytes], answer: Answer) -> Verdict:
        return self.answers.judge(pieces, answer, self.secrets)

    def judge_ended(self, answer: Answer) -> Verdict:
        """The verdict on an answer that the end of the connection completed: its bytes alone do not tell."""
        return self.answers.verdict(answer, self.secrets)


def questions(asked: Mapping[str, Sequence[Request]], target: Target) -> Mapping[str, list[Question]]:
    """Questions for all that is asked of one target, by the name of the request that they come from."""
    kinds = {name: [(_expected(request), request) for request in each] for name, each in asked.items()}
    room_bytes = _ROOM_BYTES // max(1, sum(len(dict(each)) for each in kinds.values()))
    answers = {
        name: {kind: Answers(request, room_bytes, apart=len(asked) > 1) for kind, request in dict(each).items()}
        for name, each in kinds.items()
    }
    return {
        name: [Question.of(request, target, answers[name][kind]) for kind, request in each]
        for name, each in kinds.items()
    }


def _expected(request: Request) -> str:
    return request.model_dump_json(include={"expect", "alternatives"})
