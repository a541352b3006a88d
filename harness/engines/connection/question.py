"""A request ready to be sent, and the verdicts on the answers it has had.

Servers repeat themselves: within a second most answers are the same bytes (only Date changes). So every answer is
checked in full, but a whole answer that was seen before costs one look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.engines.checking import size_limit_bytes, wrong
from harness.engines.connection.framing import Answer, Framing
from harness.engines.job import rendered
from harness.model import ErrorCause, Expectation, Request

_REMEMBERED_ANSWERS = 256
_REMEMBERED_SIZE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer was worth. `cause` None: correct. `keeps`: the connection may carry another request."""

    cause: ErrorCause | None
    text: str
    keeps: bool


CORRECT = Verdict(None, "", keeps=True)
CORRECT_LAST = Verdict(None, "", keeps=False)
INCOMPLETE = Verdict(None, "not the whole answer", keeps=True)


@dataclass(slots=True)
class Question:
    """`known` maps the bytes of whole answers, and of first pieces of answers, to their verdicts; it stays bounded."""

    request_bytes: bytes
    method: str
    expect: Expectation
    limit_bytes: int
    known: dict[bytes, Verdict] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, host: str, port: int) -> Question:
        limit = size_limit_bytes(request.expect)
        return cls(rendered(request, host, port), request.method, request.expect, limit)

    @property
    def idempotent(self) -> bool:
        """It may be sent again when a kept connection turns out to be closed (RFC 9110, section 9.2.2)."""
        return self.method in {"GET", "PUT", "DELETE"}

    def framing(self) -> Framing:
        return Framing(self.method, self.limit_bytes)

    def judge(self, answer: Answer) -> Verdict:
        found = wrong(self.expect, answer.status, answer.media_type, answer.body)
        if found is None:
            return CORRECT if answer.keeps else CORRECT_LAST
        return Verdict(*found, answer.keeps)

    def remember(self, received: bytes, verdict: Verdict) -> Verdict:
        """Only for bytes that always mean the same: never for an answer that the end of the connection completed."""
        if len(received) <= _REMEMBERED_SIZE_BYTES:
            if len(self.known) >= _REMEMBERED_ANSWERS:
                self.known.clear()
            self.known[received] = verdict
        return verdict
