"""A connection over which a WebSocket is spoken: has texts said back, gives the verdict on each. This is the hot path.

Who has had all the echoes that a connection holds says goodbye, and opens another one. That is part of the time of the
echo for which it is opened, and so are connecting and the handshake.
"""

from __future__ import annotations

import socket

from harness.engines.connection.answers import CORRECT, Verdict
from harness.engines.connection.echo import Echo
from harness.engines.connection.frames import Frames, Kind, Said, client_frame, goodbye
from harness.engines.connection.framing import CutOffError, Framing, FramingError
from harness.engines.connection.opening import new_key, with_key
from harness.engines.connection.wire import NEVER_CONNECTED, PIECE_BYTES, WRITE, Address, Fault, Wire, faults
from harness.model import ErrorCause

_GOODBYE = goodbye()
_LIMIT_BYTES = 64 * 1024  # of an answer to the handshake, and of what is said after a goodbye


class Channel(Wire):
    """It outlives no turn. `first`: so many echoes come before its first goodbye that is not the end of a turn.

    A turn's end cuts the echoes of a connection in two, and the next turn goes on with the rest. So of users whose
    `first` lies at equal distances one after the other opens a connection, however short a turn is: always one in as
    many echoes as a connection holds.
    """

    __slots__ = ("_echo", "_left")

    def __init__(self, address: Address, echo: Echo, first: int) -> None:
        super().__init__(address)
        self._echo = echo
        self._left = first

    def get_ready(self) -> None:
        """Open it before a turn begins: else all would be opened at once in it."""
        self._enter()

    def ask(self, question: Echo) -> Verdict:
        """Have a text said back. Raises Fault, after which the channel must be closed."""
        connection = self._socket
        if connection is None or not self._left:
            connection = self._enter()
        self._left -= 1
        try:
            sent = connection.send(question.frame)
        except OSError:
            sent = 0
        if sent < question.size:
            self._say(question.frame[sent:])
        self._switch()
        try:
            piece = connection.recv(PIECE_BYTES)
        except OSError as error:
            raise Fault.of(error) from error
        return CORRECT if piece == question.right else self._judged(question, piece)

    def leave(self) -> None:
        """Say goodbye, and wait until the server has closed the connection, as it must. Raises Fault."""
        if self._socket is None:
            return
        self._say(_GOODBYE)
        try:
            self._hear_out()
        except Fault as fault:
            if fault.cause is ErrorCause.TIMEOUT:
                raise Fault(fault.cause, "the server did not close the connection after a goodbye in time") from fault
            if fault.cause is not ErrorCause.RESET:
                raise
        self.renew()

    def _enter(self) -> socket.socket:
        echo = self._echo
        self.leave()
        self._left = self._left or echo.count
        connection = self._open()
        key = new_key()
        self._say(with_key(echo.upgrade, key))
        framing = Framing("GET", _LIMIT_BYTES, upgrades=True)
        with faults(echo.secrets):
            answer = None
            while answer is None:
                piece = self._next_piece()
                answer = framing.feed(piece) if piece else framing.end()
            found = echo.judge_opening(answer, key)
            if found.cause:
                raise Fault(found.cause, found.text)
            self._hear(echo, framing.rest, messages=0)
        return connection

    def _judged(self, echo: Echo, piece: bytes) -> Verdict:
        """The verdict on what was not recognised by its first piece."""
        with faults(echo.secrets):
            (message,) = self._hear(echo, piece, messages=1)
        return echo.judge(message)

    def _hear(self, echo: Echo, piece: bytes, messages: int) -> list[Said]:
        """So many messages, to the end of the last frame that was begun. Pings are answered meanwhile."""
        frames, heard = Frames(echo.limit_bytes), []
        while True:
            heard += [said for said in frames.feed(piece) if self._is_message(said)]
            if len(heard) > messages:
                raise FramingError(f"{len(heard)} messages where {messages} were asked for")
            if len(heard) == messages and frames.is_between:
                return heard
            piece = self._next_piece()
            if not piece:
                raise CutOffError("the connection ended without a goodbye, before the echo was whole")

    def _is_message(self, said: Said) -> bool:
        """Whether it is one; does what control frames ask for."""
        if said.kind is Kind.CLOSE:
            raise CutOffError(f"the server left: {said}")
        if said.kind is Kind.PING:
            self._say(client_frame(Kind.PONG, said.payload))
        return said.kind is not Kind.PING

    def _hear_out(self) -> None:
        """All that comes after a goodbye, which may be no message: for none was asked for."""
        frames = Frames(_LIMIT_BYTES)
        with faults(()):
            while piece := self._next_piece():
                message = next((said for said in frames.feed(piece) if not said.kind.is_control), None)
                if message:
                    raise FramingError(f"{message} after the last echo")

    def _say(self, rest: bytes) -> None:
        """Send all of it. Where the connection broke, what was said before it did can be heard."""
        connection = self._socket
        assert connection is not None
        while rest:
            try:
                rest = rest[connection.send(rest) :]
            except BlockingIOError:
                self._await(connection, WRITE)
            except OSError as error:
                if error.errno in NEVER_CONNECTED:
                    raise Fault.of(error) from error
                return
