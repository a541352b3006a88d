"""The verdicts on answers, and a memory of them.

Servers repeat themselves: within a second most answers are the same bytes (only Date changes). So every answer is
checked in full, but a whole answer that was seen before costs one look-up. Answers that are compared byte for byte may
be big: of these nothing is kept but the last right body, and one that equals it needs no checksum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    `room_bytes`. `apart`: right answers are counted by request. `likely`: the last right body of a `content`, else b"".
    """

    __slots__ = ("_apart", "_content", "_free_bytes", "_request", "_room_bytes", "known", "likely", "limit_bytes")

    def __init__(self, request: Request, room_bytes: int, *, apart: bool) -> None:
        self.known: dict[bytes, Verdict] = {}
        self.limit_bytes = size_limit_bytes(request)
        self.likely = b""
        self._request = request
        self._content = request.expect.content
        self._room_bytes = self._free_bytes = 0 if self._content else room_bytes
        self._apart = apart

    @property
    def remembers(self) -> bool:
        """Whether the bytes of answers are of any use once they are framed."""
        return self._content is None

    def judge(self, pieces: Sequence[bytes], answer: Answer, secrets: Iterable[str]) -> Verdict:
        """The verdict on a whole answer, and on the pieces that it came in, where answers are remembered."""
        if not self.remembers:
            return self.verdict(answer, secrets)
        received = b"".join(pieces)
        verdict = self.known.get(received)
        if verdict is None:
            verdict = self.verdict(answer, secrets)
            if verdict.cause or recurs(self._request, verdict.apart[1]):
                self.remember(received, verdict)
        return verdict

    def verdict(self, answer: Answer, secrets: Iterable[str]) -> Verdict:
        """The verdict on an answer whose bytes alone do not tell."""
        crc32 = self._content.crc32 if self._content and answer.body is self.likely else None
        compared = contract.Answer(answer.status, answer.media_type, answer.body, answer.headers, crc32)
        found = judged(self._request, compared, secrets)
        if self._content and found.cause is found.alternative is None:
            self.likely = answer.body
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
