"""One connection to one contender: asks a question, waits in gevent's loop, gives the verdict on the answer.

This is the hot path. A watcher stays armed for a whole turn and switches straight to the waiting greenlet, so that a
request costs one send, one wake-up and one receive; gevent's own sockets would start and stop a watcher each time.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from gevent import get_hub, getcurrent, monkey

from harness.contract import masked
from harness.engines.connection.answers import CORRECT, INCOMPLETE, Verdict
from harness.engines.connection.framing import CutOffError, FramingError, TooLongError
from harness.engines.connection.question import Question
from harness.model import ErrorCause

_READ, _WRITE = 1, 2
_PIECE_BYTES = 64 * 1024
_CONNECTING = (0, errno.EINPROGRESS)
_NEVER_CONNECTED = (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL)

# The plain sockets, which never switch greenlets behind our back.
_Socket: type[socket.socket] = monkey.get_original("socket", "socket")


class Fault(Exception):  # noqa: N818  # an outcome of a request, not an error of the program
    """No correct answer, and why."""

    def __init__(self, cause: ErrorCause, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


class Address:
    """A resolved address. Raises OSError when the name means nothing."""

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.family = found[0]
        self.sockaddr = found[4]


class Line:
    """A connection, opened when first needed and again whenever it was closed. `reconnects` counts the latter.

    `asked_again` counts the requests that got no byte on a connection in use: the server may have lost them.

    Between `arm` and `disarm` it belongs to the greenlet that armed it, which may wait for nothing but its answers.
    """

    __slots__ = (
        "_address",
        "_answered",
        "_armed",
        "_opened",
        "_rested",
        "_sent",
        "_socket",
        "_switch",
        "_wake",
        "_watcher",
        "asked_again",
        "reconnects",
    )

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._watcher: Any = None
        self._armed = False
        self._opened = False
        self._answered = False
        self._rested = False
        self._sent = True
        self._switch: Callable[[], None] = get_hub().switch
        self._wake: Callable[[], None] = getcurrent().switch
        self.asked_again = 0
        self.reconnects = 0

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def arm(self) -> None:
        """From here on, arriving bytes wake the calling greenlet. A connection that is open has rested."""
        self._wake = getcurrent().switch
        self._armed = True
        self._rested = self.is_open
        if self._watcher is not None:
            self._watcher.start(self._wake)

    def disarm(self) -> None:
        self._armed = False
        if self._watcher is not None:
            self._watcher.stop()

    def close(self) -> None:
        if self._socket is not None:
            self._watcher.stop()
            self._watcher.close()
            self._socket.close()
            self._socket = self._watcher = None

    def renew(self) -> None:
        """Close, and let the next opening be no reconnect: it was planned."""
        self.close()
        self._opened = False

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
        connection = self._socket or self._open()
        try:
            try:
                sent = connection.send(question.request_bytes)
            except BlockingIOError:
                self._await(connection, _WRITE)
                sent = connection.send(question.request_bytes)
            if sent < question.size:
                self._send_rest(connection, memoryview(question.request_bytes)[sent:])
            self._switch()
            piece = connection.recv(_PIECE_BYTES)
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
            self._await(connection, _READ | _WRITE)
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
            raise _fault(error)
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
        try:
            return self._parsed(question, pieces)
        except FramingError as error:
            raise Fault(ErrorCause.FRAMING, masked(str(error), question.secrets)) from error
        except TooLongError as error:
            raise Fault(ErrorCause.BODY, str(error)) from error
        except CutOffError as error:
            raise Fault(ErrorCause.RESET, str(error)) from error

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

    def _next_piece(self) -> bytes:
        assert self._socket is not None
        self._switch()
        try:
            return self._socket.recv(_PIECE_BYTES)
        except OSError as error:
            raise _fault(error) from error

    def _open(self) -> socket.socket:
        """Begin to connect; on loopback the connection is there at once, so the first send does not wait."""
        connection = self._socket = _Socket(self._address.family, socket.SOCK_STREAM)
        connection.setblocking(False)  # noqa: FBT003  # the method's name says what is meant
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watcher = get_hub().loop.io(connection.fileno(), _READ)
        self.reconnects += self._opened
        self._opened, self._answered, self._rested, self._sent = True, False, False, True
        problem = connection.connect_ex(self._address.sockaddr)
        if problem not in _CONNECTING:
            raise Fault(ErrorCause.CONNECT, os.strerror(problem))
        if self._armed:
            self._watcher.start(self._wake)
        return connection

    def _await(self, connection: socket.socket, events: int) -> None:
        """The reading watcher rests meanwhile: a refused connection would fire both and wake the greenlet twice."""
        self._watcher.stop()
        watcher = get_hub().loop.io(connection.fileno(), events)
        watcher.start(self._wake)
        try:
            self._switch()
        finally:
            watcher.stop()
            watcher.close()
        self._watcher.start(self._wake)


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is something to receive, be it the end or an error."""
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _fault(error: OSError | None) -> Fault:
    if error is None:
        return Fault(ErrorCause.RESET, "the connection was closed without an answer")
    cause = ErrorCause.CONNECT if error.errno in _NEVER_CONNECTED else ErrorCause.RESET
    return Fault(cause, os.strerror(error.errno or 0))
