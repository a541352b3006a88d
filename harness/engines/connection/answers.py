"""The verdicts on answers, and a memory of them.

Servers repeat themselves: within a second most answers are the same bytes (only Date changes). So every answer is
checked in full, but a whole answer that was seen before costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness import contract
from harness.engines.checking import judged, recurs, size_limit_bytes
from harness.engines.connection.framing import Answer
from harness.engines.load import NOT_APART, Apart
from harness.model import ErrorCause, Request

_MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer was worth. `cause` None: right. `keeps`: the connection may carry another request.

    `apart` says as what a right answer is counted apart.
    """

    cause: ErrorCause | None
    text: str = ""
    keeps: bool = True
    apart: Apart = NOT_APART


CORRECT = Verdict(None)
INCOMPLETE = Verdict(None, "not the whole answer")


class Answers:
    """What may be answered to questions of one kind that all expect the same.

    `known` maps the bytes of whole answers, and of first pieces of answers, to their verdicts. It holds at most
    `room_bytes`. `apart`: right answers are counted by request.
    """

    __slots__ = ("_apart", "_free_bytes", "_request", "_room_bytes", "known", "limit_bytes")

    def __init__(self, request: Request, room_bytes: int, *, apart: bool) -> None:
        self.known: dict[bytes, Verdict] = {}
        self.limit_bytes = size_limit_bytes(request)
        self._request = request
        self._room_bytes = self._free_bytes = room_bytes
        self._apart = apart

    def judge(self, received: bytes, answer: Answer, secrets: Iterable[str]) -> Verdict:
        """The verdict on a whole answer that came as these bytes, in whatever pieces."""
        verdict = self.known.get(received)
        if verdict is None:
            verdict = self.verdict(answer, secrets)
            if verdict.cause or recurs(self._request, verdict.apart[1]):
                self.remember(received, verdict)
        return verdict

    def verdict(self, answer: Answer, secrets: Iterable[str]) -> Verdict:
        """The verdict on an answer whose bytes alone do not tell."""
        compared = contract.Answer(answer.status, answer.media_type, answer.body, answer.headers)
        found = judged(self._request, compared, secrets)
        name = self._request.name if self._apart else None
        verdict = Verdict(found.cause, found.text, answer.keeps, (name, found.alternative))
        return CORRECT if verdict == CORRECT else verdict

    def remember(self, received: bytes, verdict: Verdict) -> None:
        """Only for bytes that always mean the same: never for an answer that the end of the connection completed."""
        if len(received) > self._free_bytes or len(self.known) >= _MOST_REMEMBERED:
            self.known.clear()
            self._free_bytes = self._room_bytes
        if len(received) <= self._free_bytes:
            self.known[received] = verdict
            self._free_bytes -= len(received)
