"""A text ready to be said over a WebSocket, with what must come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import contract, rendering
from harness.engines.checking import Judged
from harness.engines.connection import opening
from harness.engines.connection.answers import CORRECT, Verdict
from harness.engines.connection.frames import Kind, Said, client_frame, server_frame
from harness.engines.connection.framing import Answer
from harness.model import ErrorCause, Request, Target

_LIMIT_BYTES = 64 * 1024  # of what is said beside the text


@dataclass(slots=True)
class Echo:
    """`frame` says it, in `size` bytes; `right` is its echo in one frame.

    `upgrade` opens a connection, which holds `count` echoes.
    """

    frame: bytes
    size: int
    right: bytes
    upgrade: bytes
    count: int
    limit_bytes: int
    secrets: tuple[str, ...]
    _text: str
    _request: Request

    @classmethod
    def of(cls, request: Request, target: Target) -> Echo:
        """Of a request with `text` and `echoes`."""
        assert request.echoes is not None
        text = rendering.text(request)
        payload = text.encode()
        frame = client_frame(Kind.TEXT, payload)
        return cls(
            frame=frame,
            size=len(frame),
            right=server_frame(Kind.TEXT, payload),
            upgrade=opening.head(request, target),
            count=request.echoes,
            limit_bytes=len(payload) + _LIMIT_BYTES,
            secrets=rendering.secrets(request),
            _text=text,
            _request=request,
        )

    def judge_opening(self, answer: Answer, key: bytes) -> Judged:
        """Whether a WebSocket was opened."""
        compared = contract.Answer(answer.status, answer.media_type, answer.body, answer.headers)
        return opening.judged(self._request, compared, key, self.secrets)

    def judge(self, said: Said) -> Verdict:
        """The verdict on a message."""
        heard = said.payload.decode(errors="replace") if said.kind is Kind.TEXT else said.payload
        wrong = contract.wrong_echo(self._text, heard, self.secrets)
        return Verdict(ErrorCause.BODY, wrong) if wrong else CORRECT


def echoes(asked: Mapping[str, Sequence[Request]], target: Target) -> Mapping[str, list[Echo]]:
    """Echoes for all that is asked of one target, by the name of the request that they come from."""
    return {name: [Echo.of(request, target) for request in each] for name, each in asked.items()}
