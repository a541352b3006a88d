"""A connection over which HTTP is spoken: asks a question, gives the verdict on the answer. This is the hot path."""

from __future__ import annotations

import socket

from harness.contract import masked
from harness.engines.connection.answers import CORRECT, INCOMPLETE, Verdict
from harness.engines.connection.question import Question
from harness.engines.connection.wire import PIECE_BYTES, READ, WRITE, Address, Fault, Wire, faults
from harness.model import ErrorCause

_SURPLUS_BYTES = 16  # enough to tell what it is


class Line(Wire):
    """It is kept from turn to turn, where the server keeps it."""

    __slots__ = ("_answered", "_rested", "_sent")

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._answered = False
        self._rested = False
        self._sent = True

    def arm(self) -> None:
        """As every wire. A connection that is open has rested."""
        super().arm()
        self._rested = self.is_open

    def ask(self, question: Question) -> Verdict:
        """Send `question`, wait for the whole answer. Raises Fault, after which the line must be closed."""
        piece = self._first_piece(question)
        verdict = question.known.get(piece)
        if verdict is CORRECT and self._sent:
            return CORRECT
        if verdict is None or verdict is INCOMPLETE:
            verdict = self._whole(question, piece, verdict)
        if not (verdict.keeps and self._sent):
            self.close()
        return verdict

    def _first_piece(self, question: Question) -> bytes:
        if self._socket and self._rested and _has_ended(self._socket):
            self.close()
        connection = self._socket or self._open()
        try:
            try:
                sent = connection.send(question.request_bytes)
            except BlockingIOError:
                self._await(connection, WRITE)
                sent = connection.send(question.request_bytes)
            if sent < question.size:
                self._send_rest(connection, memoryview(question.request_bytes)[sent:])
            self._switch()
            piece = connection.recv(PIECE_BYTES)
        except OSError as error:
            return self._ask_again(question, error)
        if not piece:
            return self._ask_again(question, None)
        self._answered, self._rested = True, False
        return piece

    def _send_rest(self, connection: socket.socket, rest: memoryview) -> None:
        """Send what did not go at once, until the server answers: it may do so, and close, before it has read all.

        Then the rest stays unsent, and the connection is of no more use. What was said before it broke can be received.
        """
        self._sent = False
        while rest:
            self._await(connection, READ | WRITE)
            if _is_readable(connection):
                return
            try:
                rest = rest[connection.send(rest) :]
            except BlockingIOError:
                continue
            except OSError:
                return
        self._sent = True

    def _ask_again(self, question: Question, error: OSError | None) -> bytes:
        """Not a byte came. A connection kept since an earlier answer may just have been closed: open it anew, once.

        That is as it should be after a rest. In the midst of a turn the server may have lost what it read: it counts.
        """
        if not (self._answered and question.idempotent):
            raise Fault.of(error)
        self.asked_again += not self._rested
        self.close()
        return self._first_piece(question)

    def _whole(self, question: Question, first: bytes, verdict: Verdict | None) -> Verdict:
        """The verdict on an answer that was not recognised by its first piece."""
        pieces = [first]
        if verdict is INCOMPLETE:
            pieces.append(self._next_piece())
            verdict = question.known.get(b"".join(pieces))
            if verdict is not None and verdict is not INCOMPLETE:
                return verdict
        with faults(question.secrets):
            return self._parsed(question, pieces)

    def _parsed(self, question: Question, pieces: list[bytes]) -> Verdict:
        framing = question.framing()
        answer = framing.feed(b"".join(pieces))
        if answer is None and len(pieces) == 1:
            question.answers.remember(pieces[0], INCOMPLETE)
        while answer is None:
            piece = self._next_piece()
            if not piece:
                return question.judge_ended(framing.end())
            if question.answers.remembers:
                pieces.append(piece)
            answer = framing.feed(piece)
        return question.judge(pieces, answer)

    def _open(self) -> socket.socket:
        self._answered, self._rested, self._sent = False, False, True
        return super()._open()


def _has_ended(connection: socket.socket) -> bool:
    """Whether the server has closed it during a rest: nothing may be asked over it then, least of all a POST.

    Raises Fault for what has come meanwhile: it answers nothing, and a server that is one ahead would look the faster.
    """
    try:
        surplus = connection.recv(_SURPLUS_BYTES, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    if surplus:
        raise Fault(ErrorCause.FRAMING, masked(f"more came than was asked for, from {surplus!r} on"))
    return True


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is something to receive, be it the end or an error."""
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
